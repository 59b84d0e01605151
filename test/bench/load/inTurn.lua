-- Asks for the paths that wrk is given after `--`, one after the other, again and again; where values of
-- `Authorization` are among them, with each of those in turn.
local requests = {}
local last = 0

local function add(path, authorization)
  local headers = { Authorization = authorization }
  for name, value in pairs(wrk.headers) do
    headers[name] = value
  end
  table.insert(requests, wrk.format("GET", path, headers))
end

function init(arguments)
  local paths = {}
  local authorizations = {}
  for _, argument in ipairs(arguments) do
    table.insert(argument:sub(1, 1) == "/" and paths or authorizations, argument)
  end
  for _, path in ipairs(paths) do
    if #authorizations == 0 then
      add(path)
    end
    for _, authorization in ipairs(authorizations) do
      add(path, authorization)
    end
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end
