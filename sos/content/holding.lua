-- holding.lua: those of some documents in whose JSON one of some words stands. Writes nothing.
--
-- KEYS[1]  sos:{host}:meta
-- ARGV[1]  the number of words; after it the words, each taken as it is, and the references
-- Returns  { ref, JSON, ref, JSON, … }

local DOC = string.sub(KEYS[1], 1, -5) .. 'doc'
local words = tonumber(ARGV[1])

local found = {}
for i = 2 + words, #ARGV do
  local json = redis.call('HGET', DOC, ARGV[i]) or ''
  for w = 2, 1 + words do
    if string.find(json, ARGV[w], 1, true) then
      found[#found + 1] = ARGV[i]
      found[#found + 1] = json
      break
    end
  end
end
return found
