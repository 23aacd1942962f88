-- Removes the items of these keys (ARGV); how many there were.
local removed = 0
for _, key in ipairs(ARGV) do
    removed = removed + drop(key)
end
return removed
