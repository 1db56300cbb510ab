-- majority.lua: the release that most live nodes serve; of equals, the one that sorts last, which is
-- the newest. O(releases). It writes nothing.
--
-- KEYS[1]  sos:{host}:nodes
-- Returns  the release, or '' where no node serves one

local call = redis.call
local time = call('TIME')
local alive = '(' .. string.format('%.6f', tonumber(time[1]) + tonumber(time[2]) / 1000000)

local release, most = '', 0
for _, name in ipairs(call('ZRANGEBYSCORE', KEYS[1] .. ':releases', alive, '+inf')) do
  local count = call('ZCOUNT', KEYS[1] .. ':on:' .. name, alive, '+inf')
  if count > most or (count > 0 and count == most and name > release) then release, most = name, count end
end
return release
