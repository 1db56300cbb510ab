-- A page of the latest posts with what it shows of other documents, in one round trip. Writes nothing.
--
-- KEYS[1]  sos:{host}:meta
-- ARGV[1]  now, seconds since 1970 UTC
-- ARGV[2]  number of the page, from 1
-- ARGV[3]  revision of the site's own documents that the caller has; -1: none
-- ARGV[4]  revision at which the caller has posts; where that stands, documents are left out; -1: none
-- Returns  { revision of the site's own documents, per page, total, revision,
--            refs: of the posts, newest first, pinned ones before them on page 1,
--            posts: JSON, in that order,
--            others: REF JSON …: their authors and pictures,
--            own: REF JSON …: site, logo, menus, or top pages where there is no menu,
--            hidden: what menus lead to and nobody may see; both empty where the caller has them }
-- Keys and documents are described in docs/content-store.md.

local prefix = string.sub(KEYS[1], 1, -5)
local DOC, ENTRY = prefix .. 'doc', prefix .. 'entry'
local call = redis.call
local now, number = tonumber(ARGV[1]), tonumber(ARGV[2])

local common, per_page, rev = unpack(call('HMGET', KEYS[1], 'common', 'per_page', 'rev'))
local count = tonumber(per_page or '10')
local list = prefix .. 'list:type:post'

local function refs_of(members)
  for i, member in ipairs(members) do members[i] = string.format('post:%.0f', tonumber(member)) end
  return members
end

-- By rank: by score, the server would have to walk past all that come before.
local total = call('ZCOUNT', list, '-inf', now)
local start = call('ZCARD', list) - total + (number - 1) * count
local refs = refs_of(call('ZREVRANGE', list, start, start + count - 1))
local pinned = {}
if number == 1 then
  pinned = refs_of(call('ZREVRANGEBYSCORE', prefix .. 'list:sticky', now, '-inf', 'LIMIT', 0, 50))
end
if #pinned > 0 then
  local first, present, is_pinned = {}, {}, {}
  for _, ref in ipairs(refs) do present[ref] = true end
  for _, ref in ipairs(pinned) do is_pinned[ref] = true end
  for _, ref in ipairs(refs) do if is_pinned[ref] then first[#first + 1] = ref end end
  for _, ref in ipairs(pinned) do if not present[ref] then first[#first + 1] = ref end end
  for _, ref in ipairs(refs) do if not is_pinned[ref] then first[#first + 1] = ref end end
  refs = first
end

local posts, wanted, seen = {}, {}, {}
if #refs > 0 and ARGV[4] ~= rev then
  local entries = call('HMGET', ENTRY, unpack(refs))
  local shown = {}
  for i, json in ipairs(entries) do
    local entry = json and cjson.decode(json)
    if entry and (entry.til == 0 or entry.til > now) then
      shown[#shown + 1] = refs[i]
      for _, dep in ipairs(entry.deps) do
        -- Of what else it names, terms are not in lists.
        if not seen[dep] and not string.find(dep, 'term:', 1, true) then
          seen[dep] = true
          wanted[#wanted + 1] = dep
        end
      end
    end
  end
  refs = shown
  if #shown > 0 then posts = call('HMGET', DOC, unpack(shown)) end
end

local function with_refs(names)
  if #names == 0 then return names end
  local out = {}
  for i, json in ipairs(call('HMGET', DOC, unpack(names))) do
    if json then
      out[#out + 1] = names[i]
      out[#out + 1] = json
    end
  end
  return out
end

local own, hidden = {}, {}
local function hide_from_menu(menu)
  local json = call('HGET', ENTRY, menu)
  for _, ref in ipairs(json and cjson.decode(json).deps or {}) do
    local led = call('HGET', ENTRY, ref)
    local entry = led and cjson.decode(led)
    local visible = entry and entry.at <= now and (entry.til == 0 or entry.til > now)
    if not visible then hidden[#hidden + 1] = ref end
  end
end

if common ~= ARGV[3] then
  own = { 'site' }
  local site = call('HGET', DOC, 'site')
  local logo = site and cjson.decode(site).site_logo
  if type(logo) == 'number' and logo > 0 then own[2] = string.format('post:%.0f', logo) end
  local menus = call('ZRANGE', prefix .. 'list:menus', 0, -1)
  for _, id in ipairs(menus) do
    own[#own + 1] = string.format('menu:%.0f', tonumber(id))
    hide_from_menu(own[#own])
  end
  if #menus == 0 then
    for _, ref in ipairs(refs_of(call('ZRANGE', prefix .. 'list:children:0', 0, 99))) do
      own[#own + 1] = ref
    end
  end
  own = with_refs(own)
end

return {
  common or '0', count, total, rev or '0', refs, posts, with_refs(wanted), own, hidden,
}
