-- Keeps the larger of two positions. They are 20 digits with leading zeros, which are compared as text: numbers of Lua are
-- exact to 2^53 only.
--
-- A smaller position leaves the entry as it is, also its time to live: a position from before a database was restored must
-- not be kept alive by the smaller ones that come after.
--
-- KEYS[1] holds the position. ARGV: the position, and its time to live in milliseconds.
local present = redis.call('GET', KEYS[1])
if not present or present <= ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 0
