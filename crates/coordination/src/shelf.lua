-- What all scripts of a shelf share. KEYS[1] is the shelf's name; everything else is named after it, with the same hash tag, so
-- that all of it lives on one node of a cluster.
local shelf = KEYS[1]
-- For each item: bytes, id of its announcement or -, labels.
local ledger = shelf .. ':ledger'
-- Items in the order in which they came, and by when they expire.
local order, expiry = shelf .. ':order', shelf .. ':expiry'
local announcements = shelf .. ':announcements'
local total = shelf .. ':bytes'

local function now_ms()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Removes an item; how many values that were.
local function drop(key)
    local line = redis.call('HGET', ledger, key)
    if line then
        local bytes, announcement, labels = string.match(line, '^(%d+) (%S+) ?(.*)$')
        redis.call('HDEL', ledger, key)
        redis.call('DECRBY', total, bytes)
        if announcement ~= '-' then
            redis.call('XDEL', announcements, announcement)
        end
        for label in string.gmatch(labels, '%S+') do
            redis.call('SREM', shelf .. ':label:' .. label, key)
        end
    end
    redis.call('ZREM', order, key)
    redis.call('ZREM', expiry, key)
    return redis.call('UNLINK', shelf .. ':value:' .. key)
end

-- Removes the next item that has expired, if there is one.
local function drop_expired(now)
    local key = redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, 1)[1]
    if key then
        drop(key)
    end
    return key
end

local function bytes_now()
    return tonumber(redis.call('GET', total) or 0)
end
