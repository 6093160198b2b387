-- Sends the requests of a file in turn, from first to last and again: METHOD <tab> path <tab> body, a request a line.
-- At the end it writes what came of it to a file, as JSON.
--
--   WRK_RESULTS=results.json wrk -s serving_load.lua URL -- REQUESTS

local requests, next_one = {}, 0

function init(args)
  wrk.headers["Content-Type"] = "application/json"
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
    requests[#requests + 1] = wrk.format(method, path, nil, #body > 0 and body or nil)
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

function done(summary, latency)
  local errors = summary.errors
  local file = io.open(os.getenv("WRK_RESULTS"), "w")
  file:write(string.format(
    '{"answers": %d, "microseconds": %d, "errors": %d, "p50": %d, "p99": %d, "p99.9": %d}\n', summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
  file:close()
end
