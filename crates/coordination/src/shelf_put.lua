-- Puts an item on the shelf in place of what it had under the key, and makes room: what has expired goes first, then what came
-- first. ARGV: key, value, announcement (may be empty), time to live in milliseconds, the item's bytes, the most bytes of the
-- shelf, labels. Returns bytes, items, and how many went for want of room and because they had expired.
local key, value, announcement, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local bytes, most = tonumber(ARGV[5]), tonumber(ARGV[6])
local now = now_ms()
local evicted, expired = 0, 0
drop(key)
if bytes <= most then
    while bytes_now() + bytes > most do
        if drop_expired(now) then
            expired = expired + 1
        else
            local first = redis.call('ZRANGE', order, 0, 0)[1]
            if not first then
                -- Redis itself may have thrown the ledger away, to make room.
                redis.call('DEL', total)
                break
            end
            drop(first)
            evicted = evicted + 1
        end
    end
    local id, labels = '-', {}
    if announcement ~= '' then
        id = redis.call('XADD', announcements, '*', 'a', announcement)
    end
    for place = 7, #ARGV do
        labels[#labels + 1] = ARGV[place]
        redis.call('SADD', shelf .. ':label:' .. ARGV[place], key)
    end
    redis.call('SET', shelf .. ':value:' .. key, value, 'PX', ttl)
    redis.call('HSET', ledger, key, bytes .. ' ' .. id .. ' ' .. table.concat(labels, ' '))
    redis.call('ZADD', order, redis.call('INCR', shelf .. ':sequence'), key)
    redis.call('ZADD', expiry, now + ttl, key)
    redis.call('INCRBY', total, bytes)
end
return {bytes_now(), redis.call('HLEN', ledger), evicted, expired}
