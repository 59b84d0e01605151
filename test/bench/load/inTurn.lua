-- Asks for the paths that wrk is given after `--`, one after the other, again and again.
local requests = {}
local last = 0

function init(paths)
  for _, path in ipairs(paths) do
    table.insert(requests, wrk.format("GET", path))
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end
