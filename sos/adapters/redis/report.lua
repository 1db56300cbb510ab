-- report.lua: a node says that it lives, or that it ends. One call, O(log n) of the nodes.
--
-- KEYS[1]  sos:{host}:nodes   the register's other keys are this one with more behind it; all share
--                             the hash tag {host}, so that Redis Cluster keeps them together
-- ARGV[1]  node       its name
-- ARGV[2]  ttl        seconds for which it counts as alive; 0: it ends, and nobody misses it
-- ARGV[3]  serves     the release that all its workers serve, or ''
-- ARGV[4]  target     the release that it should serve, or ''
-- ARGV[5]  report     a JSON object without its closing brace; the server's time is put behind it
-- ARGV[6]  lost       seconds for which a silent node is remembered after its ttl
-- ARGV[7]  longest    no ttl is longer, seconds
-- ARGV[8]  idle       seconds after which keys that nobody writes to vanish
-- Returns  {live, serving}: nodes alive, and how many of them serve the target. serving is 0 as long
--          as the register is younger than the ttl, because not everybody may have spoken yet.
-- What the keys hold is told in docs/fleet.md.

local NODES = KEYS[1]
local UNTIL, SERVES, RELEASES = NODES .. ':until', NODES .. ':serves', NODES .. ':releases'
local ON, SINCE, SWEEP = NODES .. ':on:', NODES .. ':since', NODES .. ':sweep'

-- What a second makes worthless belongs neither into the append-only file nor to replicas: after a
-- failover the register fills itself again. Servers that only resemble Redis may not know the word.
if redis.set_repl then pcall(redis.set_repl, redis.REPL_NONE) end

local call = redis.call
local node, ttl, serves, target, report = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local lost, longest, idle = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local time = call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000

local function leave_release(name, release)
  if release and release ~= '' then call('ZREM', ON .. release, name) end
end

local function forget(name)
  leave_release(name, call('HGET', SERVES, name))
  call('HDEL', SERVES, name)
  call('HDEL', NODES, name)
  call('ZREM', UNTIL, name)
end

local alive = '(' .. string.format('%.6f', now)
local function count(key)
  return call('ZCOUNT', key, alive, '+inf')
end

-- A deadline further off than any ttl is of a clock that went back since, or of a stranger.
call('ZREMRANGEBYSCORE', UNTIL, '(' .. string.format('%.6f', now + longest), '+inf')
for _, name in ipairs(call('ZRANGEBYSCORE', UNTIL, '-inf', now - lost, 'LIMIT', 0, 50)) do
  forget(name)
end

if ttl <= 0 then
  forget(node)
  return { count(UNTIL), target ~= '' and count(ON .. target) or 0 }
end

local since = count(UNTIL) > 0 and tonumber(call('GET', SINCE) or '')
if not since or since > now then
  since = now
  call('SET', SINCE, string.format('%.6f', now))
end

local deadline = now + ttl
call('HSET', NODES, node, report .. ',"at":' .. string.format('%.3f', now) .. '}')
call('ZADD', UNTIL, deadline, node)
local before = call('HGET', SERVES, node)
if before ~= serves then
  leave_release(node, before)
  call('HSET', SERVES, node, serves)
end
if serves ~= '' then
  local on = ON .. serves
  call('ZADD', on, deadline, node)
  call('ZREMRANGEBYSCORE', on, '-inf', now)
  if tonumber(call('ZSCORE', RELEASES, serves) or 0) < now + idle / 2 then
    call('EXPIRE', on, idle)
    call('ZADD', RELEASES, now + idle, serves)
    call('ZREMRANGEBYSCORE', RELEASES, '-inf', now)
  end
end
if call('TTL', UNTIL) < idle / 2 then
  for _, key in ipairs({ NODES, UNTIL, SERVES, RELEASES, SINCE }) do call('EXPIRE', key, idle) end
end

-- More values than names: names were lost, or a stranger wrote. Every call looks through a few.
if call('HLEN', NODES) > call('ZCARD', UNTIL) then
  local found = call('HSCAN', NODES, call('GET', SWEEP) or '0', 'COUNT', 20)
  call('SET', SWEEP, found[1], 'EX', 60)
  for n = 1, #found[2], 2 do
    if not call('ZSCORE', UNTIL, found[2][n]) then forget(found[2][n]) end
  end
end

local young = now - since < ttl
return { count(UNTIL), (young or target == '') and 0 or count(ON .. target) }
