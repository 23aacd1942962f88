-- Removes up to ARGV[1] items that have expired. Returns bytes, items, and how many were removed.
local now, expired = now_ms(), 0
while expired < tonumber(ARGV[1]) and drop_expired(now) do
    expired = expired + 1
end
return {bytes_now(), redis.call('HLEN', ledger), expired}
