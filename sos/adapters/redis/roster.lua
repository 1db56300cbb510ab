-- roster.lua: every node of a fleet, at one moment. It writes nothing.
--
-- KEYS[1]  sos:{host}:nodes
-- ARGV[1]  lost      seconds for which a silent node is remembered after its ttl
-- ARGV[2]  longest   longest report that is read, bytes
-- ARGV[3]  most      how many nodes are read at most, those with the longest to live first
-- Returns  {now, skipped, name, report, live, name, report, live, …}: the server's time as text, how
--          many reports were missing or too long, then three words for each node.

local NODES, UNTIL = KEYS[1], KEYS[1] .. ':until'
local lost, longest, most = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local call = redis.call
local time = call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000

local answer, skipped = { string.format('%.6f', now), 0 }, 0
local names = call('ZREVRANGEBYSCORE', UNTIL, '+inf', now - lost, 'WITHSCORES', 'LIMIT', 0, most)
for n = 1, #names, 2 do
  local length = call('HSTRLEN', NODES, names[n])
  if length == 0 or length > longest then
    skipped = skipped + 1
  else
    answer[#answer + 1] = names[n]
    answer[#answer + 1] = call('HGET', NODES, names[n])
    answer[#answer + 1] = tonumber(names[n + 1]) > now and 1 or 0
  end
end
answer[2] = skipped
return answer
