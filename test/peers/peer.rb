# A peer of osdemo in Ruby.
require 'socket'

$stdout.sync = true
role, *words = ARGV

# IO#read(n) reads n bytes in full, and returns nil at end of file.
def read_frame(socket)
  header = socket.read(4) or return nil
  socket.read(header.unpack1('N'))
end

def write_frame(socket, body)
  socket.write([body.bytesize].pack('N') + body.b)
end

case role
when 'echo-server'
  listener = TCPServer.new('127.0.0.1', 0)
  puts listener.addr[1]
  loop do
    socket = listener.accept
    while (body = read_frame(socket)) do write_frame(socket, body) end
    socket.close
  end
when 'echo-client'
  socket = TCPSocket.new('127.0.0.1', Integer(words.shift))
  words.each do |body|
    write_frame(socket, body)
    puts read_frame(socket)
  end
when 'fifo-write'
  File.open(words.shift, 'w') { |fifo| words.each { |line| fifo.puts(line) } }
when 'fifo-read'
  File.foreach(words[0]) { |line| print line }
end
