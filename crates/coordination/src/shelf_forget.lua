-- Removes up to ARGV[1] items that have one of the labels after it, and returns their keys.
local left, keys = tonumber(ARGV[1]), {}
for place = 2, #ARGV do
    local name = shelf .. ':label:' .. ARGV[place]
    if left > 0 then
        for _, key in ipairs(redis.call('SRANDMEMBER', name, left)) do
            drop(key)
            redis.call('SREM', name, key)
            keys[#keys + 1] = key
            left = left - 1
        end
    end
end
return keys
