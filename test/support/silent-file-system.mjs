/**
 * A FUSE file system that stops answering, like a network file system whose server has failed: node
 * silent-file-system.mjs FOLDER. It mounts itself on the folder, so run it as root in a mount namespace of its own
 * (unshare --mount). It has one file, `file`, which can be opened. The first read(2) of it is never answered, and
 * nothing after it is. A cat reads the file; the line `PID` on stdout reports that this cat is blocked. The file
 * system is removed, and blocked processes continue, when this process exits: at the end of its stdin, or after a
 * minute. The messages are those of linux/fuse.h, little-endian.
 */
import { spawn, spawnSync } from 'node:child_process'
import { openSync, read, writeSync } from 'node:fs'
import { join } from 'node:path'

const [LOOKUP, GETATTR, OPEN, READ, INIT] = [1, 3, 14, 15, 26]
const folderNode = 1n
const fileNode = 2n
/** An inode number that hardly any other file has. */
const fileInode = 4_711_000_815n
const openDirectIo = 1

const end = () => process.kill(process.pid, 'SIGKILL')
setTimeout(end, 60_000)
process.stdin.on('end', end).resume()

const [folder = ''] = process.argv.slice(2)
const device = openSync('/dev/fuse', 'r+')
const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other'
const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'osdemo-test', folder], {
  stdio: ['ignore', 'ignore', 'inherit', device],
})
if (mounted.status !== 0) end()

const request = Buffer.alloc(1 << 18)
let silent = false
answerNext()
const reader = spawn('cat', [join(folder, 'file')], { stdio: 'ignore' })

function answerNext() {
  read(device, request, 0, request.length, null, (error) => {
    if (error) end()
    const opcode = request.readUInt32LE(4)
    if (opcode === READ && !silent) {
      silent = true
      process.stdout.write(`${reader.pid}\n`)
    }
    const body = silent ? undefined : answerTo(opcode, request.readBigUInt64LE(16))
    if (body) {
      const header = Buffer.alloc(16)
      header.writeUInt32LE(header.length + body.length, 0)
      header.writeBigUInt64LE(request.readBigUInt64LE(8), 8)
      writeSync(device, Buffer.concat([header, body]))
    }
    answerNext()
  })
}

/**
 * @param {number} opcode
 * @param {bigint} node
 */
function answerTo(opcode, node) {
  if (opcode === INIT) {
    const body = Buffer.alloc(64)
    body.writeUInt32LE(7, 0)
    body.writeUInt32LE(31, 4)
    body.writeUInt32LE(65_536, 20)
    return body
  }
  // Names and attributes are valid for this one request only.
  if (opcode === LOOKUP) {
    const entry = Buffer.alloc(40)
    entry.writeBigUInt64LE(fileNode, 0)
    return Buffer.concat([entry, attributes(fileNode)])
  }
  if (opcode === GETATTR) return Buffer.concat([Buffer.alloc(16), attributes(node)])
  if (opcode === OPEN) {
    const body = Buffer.alloc(16)
    body.writeUInt32LE(openDirectIo, 8)
    return body
  }
  return undefined
}

/** @param {bigint} node */
function attributes(node) {
  const isFolder = node === folderNode
  const body = Buffer.alloc(88)
  body.writeBigUInt64LE(isFolder ? 1n : fileInode, 0)
  body.writeBigUInt64LE(4096n, 8)
  body.writeUInt32LE(isFolder ? 0o040755 : 0o100644, 60)
  body.writeUInt32LE(1, 64)
  return body
}
