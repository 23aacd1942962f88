-- Generic cell rate algorithm, as virtual scheduling: ITU-T Recommendation I.371 (2004), annex A, figure A.1. The form with
-- one stored time is that of redis-cell (https://github.com/brandur/redis-cell). All times are microseconds.
--
-- KEYS[1] holds the theoretical arrival time: when the allowance will be whole again.
-- ARGV: what one event costs (the interval between events), and how many may come at once.
-- Returns 0 when the event is allowed, or how long it must wait.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local most = interval * tonumber(ARGV[2])
-- Not further ahead than an exhausted allowance is: the clock may have been set back.
local whole = math.min(math.max(tonumber(redis.call('GET', KEYS[1])) or now, now), now + most)
local wait = whole + interval - now - most
if wait > 0 then
    return wait
end
-- Lua writes large numbers with an exponent unless told otherwise.
redis.call('SET', KEYS[1], string.format('%.0f', whole + interval), 'PX', math.ceil((whole + interval - now) / 1000))
return 0
