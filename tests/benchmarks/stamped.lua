-- For wrk: GET /hello, a random share of the requests with a stamp (its argument, 0 to 1).
local share, bare, stamped

init = function(arguments)
  share = tonumber(arguments[1])
  bare = wrk.format("GET", "/hello")
  wrk.headers["X-Request-Start"] = "t=" .. os.time() .. "000000"
  stamped = wrk.format("GET", "/hello")
  math.randomseed(1)
end

request = function()
  if math.random() < share then
    return stamped
  end
  return bare
end
