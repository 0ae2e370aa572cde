/** The commands of `osdemo tcp-echo`. */
import { also, files, type Group } from '../lib/entry.js'

const topic = 'sockets'

/** Without the loopback interface, the two tools still work with other machines. */
const loopback = 'it reaches only other machines'

export const tcpEchoCommands: Group = {
  summary: 'a TCP echo server for length-prefixed frames, and its client',
  default: 'serve',
  members: {
    serve: {
      summary: 'serve TCP clients: return each frame (4-byte big-endian length, then the body)',
      needs: { better: { loopback, ...files }, also: [...also, 'lowPorts'] },
      killLines: ['--port 0', '--port 0 --json'],
      load: () => import('./serve.js'),
    },
    client: {
      summary: 'send messages as frames and print the echoes',
      needs: { better: { loopback, ...files }, also },
      killLines: [`--port PORT --delay 5ms --chunk 1 ${'x'.repeat(500)}`],
      load: () => import('./client.js'),
    },
    demo: {
      summary: 'server and client as two processes, and their sockets in /proc/net/tcp',
      needs: { must: ['proc', 'loopback'], better: files, also },
      chapter: {
        topic,
        title: 'TCP sockets',
        heart: [
          'tcp/server-holds-listening-socket',
          'tcp/standard-services-have-well-known-ports',
          'tcp/connection-is-a-pair-of-sockets',
          'tcp/client-gets-ephemeral-port',
          'frame/arrives-unchanged',
          'tcp/listener-goes-with-its-process',
        ],
      },
      questions: async () => (await import('../../demos/socket/questions.js')).echoDemo,
      killLines: [''],
      demo: async () => (await import('../../demos/socket/echo-demo.js')).echoDemo,
    },
  },
}
