-- Removes up to ARGV[1] items, whichever; how many values there were, and how many items.
local removed, keys = 0, redis.call('ZRANGE', order, 0, ARGV[1] - 1)
for _, key in ipairs(keys) do
    removed = removed + drop(key)
end
if redis.call('ZCARD', order) == 0 then
    redis.call('DEL', ledger, expiry, total)
end
return {removed, #keys}
