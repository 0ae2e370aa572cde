/** A TCP server that returns frames. Its checks come from the mistakes that solutions really have: ends, errors, short counts. */
import { encode } from '../../framing/encode.js'
import { counted, size } from '../../text.js'
import { type Context, defineLab, type Peer, type Program } from '../define.js'

const sheet = `# A TCP server that returns frames

Write a server in any language. It is called with a port, for example \`./server 7007\`, and listens on it, on 127.0.0.1 or
on every address.

A **frame** is a length of 4 bytes, big-endian and without a sign, and then so many bytes. The server returns each frame
as it is, in the order of each connection. It serves many clients at the same time, for as long as it runs.

- A frame of length 0 is a frame.
- Frames up to 16 MiB (16,777,216) are allowed. A greater length is an error: the server closes that connection.
- When a client sends end of file, the server answers what it has received in full, and closes the connection. When the
  client ends inside a frame, the server returns nothing of it.
- A client that is slow, silent, or gone never stops the others.
- SIGTERM ends the server within 2 seconds, and it can be started again on the same port at once.
`

/** All values of a byte, and not the same backwards. */
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => (index * 7 + 3) & 255))

const frame = (text: string) => encode(`${text} is the text of this frame`)

function shown(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.subarray(0, 12))
    .toString('hex')
    .replaceAll(/(..)(?=.)/g, '$1 ')
  return bytes.length > 12 ? `${hex} ... (${counted(bytes.length, 'byte')})` : hex || 'no byte'
}

/** The next frame must be this one. */
async function expectEcho(lab: Context, peer: Peer, sent: Uint8Array, program: Program, what = 'the frame') {
  const answer = await peer.frame(2)
  const payload = sent.subarray(4)
  const is = (got: string) => ({ expected: `${what} comes back: ${shown(sent)}`, got })
  if ('partial' in answer) {
    const { partial } = answer
    const ended = program.ending()
    const isOver = (await peer.closed(0)) !== undefined
    const how = ended
      ? `, then the server exited (${ended.signal ?? `exit code ${ended.code}`})`
      : isOver
        ? ', then end of file'
        : ', then nothing for 2 s'
    lab.expect(false, is(`${shown(partial)}${how}`))
  } else {
    const { payload: got } = answer
    lab.expect(Buffer.compare(got, payload) === 0, () => is(shown(encode(got))))
  }
}

/** A new client is still served. */
async function expectService(lab: Context, program: Program, after: string) {
  lab.did(`Connected another client, after ${after}`)
  const peer = await lab.connect()
  const sent = frame('another client')
  peer.send(sent)
  await expectEcho(lab, peer, sent, program, `after ${after}, another client is served:`)
  peer.close()
}

/** Sends a frame, and waits for it. */
async function exchange(lab: Context, program: Program, text: string): Promise<Peer> {
  const peer = await lab.connect()
  const sent = frame(text)
  peer.send(sent)
  await expectEcho(lab, peer, sent, program)
  return peer
}

const halfBody = (text: string) => frame(text).subarray(0, 12)

export const echoServer = defineLab({
  name: 'echo-server',
  command: './server {port}',
  sheet,
  checks: [
    {
      id: 'echoes-a-frame',
      title: 'The server listens on its port and returns a frame',
      points: 10,
      hint: 'Use the port of the command line. The length is in network byte order: ntohl(3), htonl(3).',
      async run(lab) {
        const program = await lab.startServer()
        lab.did('Connected, and sent a frame of 256 bytes')
        const peer = await lab.connect()
        const sent = encode(everyByte)
        peer.send(sent)
        const header = await peer.receive(4, 2)
        if (header.length === 0 && !program.ending()) await expectOtherOrder(lab)
        const rest = await peer.receive(256, 2)
        const got = Buffer.concat([header, rest])
        lab.expect(got.equals(sent), { expected: shown(sent), got: shown(got) })
        const more = await peer.receive(1, 0.1)
        lab.expect(more.length === 0, {
          expected: 'nothing after the frame',
          got: `another byte: ${shown(more)}`,
        })
      },
    },
    {
      id: 'empty-frame',
      title: 'A frame of length 0 comes back, and the connection stays',
      points: 5,
      needs: 'echoes-a-frame',
      hint: 'A length of 0 is no end of file. Only read(2) that returns 0 is.',
      async run(lab) {
        const program = await lab.startServer()
        lab.did('Connected, and sent a frame of length 0, then one of 3 bytes')
        const peer = await lab.connect()
        const [empty, next] = [encode(''), encode('abc')]
        peer.send(empty)
        await expectEcho(lab, peer, empty, program, 'the empty frame')
        peer.send(next)
        await expectEcho(lab, peer, next, program, 'the frame after the empty one')
      },
    },
    {
      id: 'short-reads',
      title: 'A frame that arrives in small parts comes back whole',
      points: 10,
      needs: 'echoes-a-frame',
      hint: 'read(2) returns what has arrived, not what you request. Read in a loop, the header too.',
      async run(lab) {
        const program = await lab.startServer()
        lab.did('Connected, and sent a frame byte by byte, each when the one before was read')
        const peer = await lab.connect()
        const sent = frame('byte by byte')
        await peer.dribble(sent)
        await expectEcho(lab, peer, sent, program)
        lab.did('Sent another frame in two parts, cut inside the body')
        peer.send(sent.subarray(0, 10))
        await lab.until(() => !peer.theirs()?.rxQueue, 0.2)
        peer.send(sent.subarray(10))
        await expectEcho(lab, peer, sent, program)
      },
    },
    {
      id: 'coalesced-frames',
      title: 'Several frames that arrive in one segment all come back',
      points: 10,
      needs: 'echoes-a-frame',
      hint: 'What follows the first frame in the buffer belongs to the next one. Keep it.',
      async run(lab) {
        const program = await lab.startServer()
        lab.did('Connected, and sent 6 frames with one write(2)')
        const peer = await lab.connect()
        const frames = ['one', 'two', 'three', 'four', 'five', 'six'].map(frame)
        peer.send(Buffer.concat(frames))
        for (const [index, sent] of frames.entries())
          await expectEcho(lab, peer, sent, program, `frame ${index + 1} of 6`)
      },
    },
    {
      id: 'short-writes',
      title: 'A large frame comes back whole, although the client starts to read after it has sent all',
      points: 5,
      needs: 'short-reads',
      hint: 'write(2) and send(2) may take fewer bytes than you pass. Continue with the rest.',
      async run(lab) {
        await lab.startServer()
        const sent = encode(Buffer.alloc(8 << 20, everyByte))
        lab.did('Connected, sent a frame of 8 MiB, and read nothing until the server was blocked')
        const peer = await lab.connect()
        peer.send(sent)
        await settled(lab, () => peer.theirs()?.txQueue ?? 0)
        const got = await peer.receive(sent.length, 2)
        lab.expect(got.equals(sent), () => ({
          expected: `${counted(sent.length, 'byte')} come back`,
          got:
            got.length === sent.length
              ? 'as many bytes, but others'
              : `${counted(got.length, 'byte')}, and then none for 2 s`,
        }))
      },
    },
    {
      id: 'many-clients',
      title: 'The last of 50 clients is served while the others send nothing',
      points: 10,
      needs: 'echoes-a-frame',
      hint: 'A server that blocks in read(2) for one client serves no other: use threads, processes, or poll(2).',
      async run(lab) {
        const program = await lab.startServer()
        lab.did('Connected 50 clients, which sent nothing')
        const clients = []
        for (let n = 1; n <= 50; n++) clients.push({ n, peer: await lab.connect() })
        lab.did('Each sent a frame, the last client first')
        for (const { n, peer } of clients.reverse()) {
          const sent = frame(`client ${n}`)
          peer.send(sent)
          await expectEcho(lab, peer, sent, program, `the frame of client ${n}`)
        }
      },
    },
    {
      id: 'slow-reader',
      title: 'A client that never reads does not stop the others',
      points: 5,
      needs: 'many-clients',
      hint: 'write(2) blocks while the send buffer is full. With one thread, make the socket nonblocking.',
      async run(lab) {
        const program = await lab.startServer()
        lab.did('Connected a client that sends 8 MiB in frames and reads nothing')
        const deaf = await lab.connect()
        for (let n = 0; n < 128; n++) deaf.send(encode(Buffer.alloc(65_536, everyByte)))
        await settled(lab, () => deaf.theirs()?.txQueue ?? 0)
        await expectService(lab, program, 'a client that does not read')
      },
    },
    {
      id: 'truncated-frame',
      title: 'A client that ends inside a frame gets nothing of it, and the others are served',
      points: 5,
      needs: 'short-reads',
      hint: 'End of file inside a frame is an error of this client: close its connection, and nothing else.',
      async run(lab) {
        const program = await lab.startServer()
        for (const [what, bytes] of [
          ['half a header', frame('x').subarray(0, 2)],
          ['a header and half a body', halfBody('x')],
        ] as const) {
          lab.did(`Connected, sent ${what}, then end of file`)
          const peer = await lab.connect()
          peer.send(bytes)
          peer.end()
          const got = await peer.receive(1, 0.3)
          lab.expect(got.length === 0, {
            expected: `nothing comes back for ${what}`,
            got: shown(Buffer.concat([got, await peer.receive(64, 0.1)])),
          })
          await expectService(lab, program, `${what} and end of file`)
        }
      },
    },
    {
      id: 'idle-at-end',
      title: 'When clients have closed, the server waits without using the CPU',
      points: 10,
      needs: 'truncated-frame',
      hint: 'read(2) returns 0 at end of file, again and again. A loop that does not stop there never ends.',
      async run(lab) {
        const program = await lab.startServer()
        lab.did('Four clients ended: after a frame, inside a header, inside a body, and with a reset')
        const gone = await exchange(lab, program, 'closes at once')
        gone.close()
        for (const bytes of [frame('x').subarray(0, 2), halfBody('x'), halfBody('y')]) {
          const peer = await lab.connect()
          peer.send(bytes)
          await lab.until(() => !peer.theirs()?.rxQueue, 0.3)
          if (bytes[4] === 121) peer.reset()
          else peer.close()
        }
        await expectIdle(lab, program)
      },
    },
    {
      id: 'descriptors',
      title: 'The server closes the descriptor of each client that has closed',
      points: 5,
      needs: 'idle-at-end',
      hint: 'close(2) the socket on every way out, also after an error. At 1,024 of them accept(2) fails.',
      async run(lab) {
        const program = await lab.startServer()
        const count = () => program.descriptors().length
        ;(await exchange(lab, program, 'the first client')).close()
        await settled(lab, count)
        const before = count()
        lab.did('30 clients connected and closed: 10 after a frame, 10 inside a header, 10 inside a body')
        for (let n = 0; n < 10; n++) {
          ;(await exchange(lab, program, 'connects and closes')).close()
          for (const bytes of [frame('x').subarray(0, 2), halfBody('x')]) {
            const peer = await lab.connect()
            peer.send(bytes)
            peer.close()
          }
        }
        await lab.until(() => count() <= before + 4, 3)
        const sockets = program.descriptors().filter(({ target }) => target.startsWith('socket:'))
        lab.expect(count() <= before + 4, () => ({
          expected: `about ${before} descriptors, as before`,
          got: `${count()} descriptors`,
          evidence: sockets
            .slice(-3)
            .map(({ pid, fd, target }) => ({ source: `/proc/${pid}/fd/${fd}`, value: target })),
        }))
      },
    },
    {
      id: 'zombies',
      title: 'No child process stays a zombie',
      points: 5,
      needs: 'many-clients',
      hint: 'One SIGCHLD may stand for several children: call waitpid(-1, ..., WNOHANG) in a loop until it returns 0.',
      async run(lab) {
        const program = await lab.startServer()
        const clients = []
        for (let n = 0; n < 10; n++) clients.push(await exchange(lab, program, `client ${n}`))
        // Children that exit while the server is stopped leave one pending SIGCHLD. Only then a single wait shows itself each time.
        const children = program.children().length
        if (children > 1) program.signal('SIGSTOP')
        for (const peer of clients) peer.close()
        if (children > 1) {
          lab.did(`Stopped the server, so that its ${children} children exit at the same time`)
          await lab.until(() => program.zombies().length >= children - 1, 2)
          program.signal('SIGCONT')
        } else lab.did('10 clients connected and closed')
        await lab.until(() => program.zombies().length === 0, 3)
        const zombies = program.zombies()
        lab.expect(zombies.length === 0, () => ({
          expected: 'no zombie',
          got: counted(zombies.length, 'zombie'),
          evidence: zombies.slice(0, 3).map(({ pid, comm, ppid }) => ({
            source: `/proc/${pid}/stat`,
            value: `(${comm}) Z, parent ${ppid}`,
          })),
        }))
        await expectService(lab, program, 'these clients')
      },
    },
    {
      id: 'reset',
      title: 'A client that resets its connection does not end the server',
      points: 5,
      needs: 'truncated-frame',
      hint: 'A write to a closed connection raises SIGPIPE. Ignore it, or send with MSG_NOSIGNAL, and handle EPIPE.',
      async run(lab) {
        const program = await lab.startServer()
        // A stopped server sees the frames only after the reset, so its first write(2) raises SIGPIPE. SIGCONT makes epoll_wait(2) fail.
        const stops = !program.where().some(({ value }) => value.includes('epoll'))
        if (stops) program.signal('SIGSTOP')
        lab.did(
          `A client sent 3 frames, end of file, and a reset${stops ? ', while the server was stopped' : ''}`,
        )
        const rude = await lab.connect()
        rude.send(Buffer.concat(['a', 'b', 'c'].map(frame)))
        rude.end()
        if (stops) await lab.until(() => rude.theirs()?.state === 'CLOSE_WAIT', 1)
        rude.reset()
        if (stops) await lab.until(() => rude.theirs() === undefined, 1)
        program.signal('SIGCONT')
        await lab.until(() => program.ending() !== undefined, 0.3)
        await expectService(lab, program, 'a reset')
      },
    },
    {
      id: 'absurd-length',
      title: 'A length above 16 MiB closes the connection, and memory does not follow it',
      points: 5,
      needs: 'echoes-a-frame',
      hint: 'Check the length before malloc(3), as a number without a sign: 0x80000000 is negative in a signed one.',
      async run(lab) {
        const program = await lab.startServer()
        ;(await exchange(lab, program, 'before')).close()
        const before = program.memory()
        for (const length of [(16 << 20) + 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
          lab.did(`Connected, and sent a header with the length ${length}`)
          const peer = await lab.connect()
          const header = Buffer.alloc(4)
          header.writeUInt32BE(length)
          peer.send(Buffer.concat([header, Buffer.from('some bytes')]))
          const ended = await peer.closed(2)
          const after = program.memory()
          const grown = after.mapped - before.mapped
          const evidence = program
            .pids()
            .slice(0, 1)
            .map((pid) => ({
              source: `/proc/${pid}/status`,
              value: `VmSize grew by ${size(Math.max(0, grown))}, VmRSS is ${size(after.resident)}`,
            }))
          const name = `0x${length.toString(16).padStart(8, '0')}`
          lab.expect(ended !== undefined, {
            expected: `the length ${name} closes the connection`,
            got: 'it was still open after 2 s',
            evidence,
          })
          await expectService(lab, program, `the length ${name}`)
        }
      },
    },
    {
      id: 'terminates',
      title: 'SIGTERM ends the server within 2 seconds',
      points: 5,
      needs: 'echoes-a-frame',
      hint: 'Leave the default action of SIGTERM, or let the handler end the loop that accepts and reads.',
      async run(lab) {
        const program = await lab.startServer()
        await exchange(lab, program, 'a client that stays')
        lab.did('Sent SIGTERM, while a client is connected')
        program.signal('SIGTERM')
        await lab.until(() => program.ending() !== undefined, 2)
        lab.expect(program.ending() !== undefined, {
          expected: 'the server exits, or is killed by SIGTERM',
          got: 'it still runs after 2 s',
        })
      },
    },
    {
      id: 'restart',
      title: 'The server can be started again on its port at once',
      points: 5,
      needs: 'terminates',
      hint: 'Set SO_REUSEADDR before bind(2), and close the listening socket in each child.',
      async run(lab) {
        const program = await lab.startServer()
        const peer = await exchange(lab, program, 'a client that stays')
        lab.did('Ended the server with SIGTERM while a client was connected, and started it again')
        program.signal('SIGTERM')
        await program.ended
        // A child that serves the client may live on. Its connection does not keep the port, but a listening socket would.
        if (await peer.closed(1)) {
          peer.close()
          await lab.until(() => peer.theirs()?.state === 'TIME_WAIT', 1)
        }
        const again = await lab.startServer()
        await exchange(lab, again, 'after the restart')
      },
    },
  ],
})

/** Whether it answers a length in the other byte order, which explains its silence. */
async function expectOtherOrder(lab: Context) {
  const other = await lab.connect()
  const header = Buffer.alloc(4)
  header.writeUInt32LE(3)
  other.send(Buffer.concat([header, Buffer.from('abc')]))
  const got = await other.receive(7, 1)
  lab.expect(!got.subarray(4).equals(Buffer.from('abc')), {
    expected: 'an answer to a big-endian length',
    got: 'nothing, but a little-endian length is answered',
  })
}

/** Waits until a number has not changed for 200 ms. */
async function settled(lab: Context, read: () => number): Promise<void> {
  let [last, since] = [-1, 0]
  await lab.until(() => {
    const value = read()
    if (value !== last) [last, since] = [value, performance.now()]
    return performance.now() - since > 200
  }, 3)
}

/** Within 4 s there is a time of half a second in which no thread is ready to run, most of the time. */
async function expectIdle(lab: Context, program: Program): Promise<void> {
  const window: boolean[] = []
  let used = program.cpu()
  const isIdle = await lab.until(() => {
    window.push(program.isBusy())
    return window.length >= 60 && window.slice(-60).filter(Boolean).length <= 20
  }, 4)
  used = program.cpu() - used
  lab.expect(isIdle === true, () => ({
    expected: 'a server that sleeps in the kernel',
    got: `it is running or ready all the time: ${used} ms of CPU time in ${lab.scaled(4)} ms`,
    evidence: program
      .pids()
      .slice(0, 2)
      .map((pid) => ({ source: `/proc/${pid}/stat`, value: `state R, ${used} ms of CPU time` })),
  }))
}
