-- A peer of osdemo in Lua, with LuaSocket.
local socket = require('socket')

local function readFrame(connection)
  -- receive(n) reads n bytes in full. receive(0) would wait for more bytes.
  local header = connection:receive(4)
  local length = header and string.unpack('>I4', header)
  return length == 0 and '' or length and connection:receive(length)
end

local function writeFrame(connection, body)
  assert(connection:send(string.pack('>s4', body)))
end

local roles = {
  ['echo-server'] = function()
    local listener = assert(socket.bind('127.0.0.1', 0))
    print((select(2, listener:getsockname())))
    while true do
      local connection = assert(listener:accept())
      for body in readFrame, connection do
        writeFrame(connection, body)
      end
      connection:close()
    end
  end,
  ['echo-client'] = function(port, ...)
    local connection = assert(socket.connect('127.0.0.1', tonumber(port)))
    for _, body in ipairs({ ... }) do
      writeFrame(connection, body)
      print(assert(readFrame(connection)))
    end
  end,
  ['fifo-write'] = function(path, ...)
    local fifo = assert(io.open(path, 'w'))
    for _, line in ipairs({ ... }) do
      fifo:write(line, '\n')
    end
    fifo:close()
  end,
  ['fifo-read'] = function(path)
    for line in io.lines(path) do
      print(line)
    end
  end,
}

io.stdout:setvbuf('no')
roles[arg[1]](table.unpack(arg, 2))
