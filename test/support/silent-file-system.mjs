/**
 * A FUSE file system that stops answering, like a network file system whose server has failed: node
 * silent-file-system.mjs FOLDER [CALL]. It mounts itself on the folder, so run it as root in a mount namespace of its
 * own (unshare --mount). The first CALL is never answered, and nothing after it is: `read` when left out, or `create`,
 * `write` or `fsync`. With `read` it has one file, `file`, and a cat reads it. With `fifo` that file is a FIFO, which a cat in
 * that folder opens by its name, and nothing is answered after it was found. The line `PID` on stdout reports that this cat is
 * blocked, or will be. With the others it is empty, and the line reports its own pid as soon as it is mounted.
 * The file system is removed, and blocked processes continue, when this process exits: at the end of its stdin, or
 * after a minute. The messages are those of linux/fuse.h, little-endian.
 */
import { spawn, spawnSync } from 'node:child_process'
import { openSync, read, writeSync } from 'node:fs'

const [LOOKUP, GETATTR, SETATTR, RENAME, OPEN, READ, WRITE, FSYNC, INIT] = [1, 3, 4, 12, 14, 15, 16, 20, 26]
const [CREATE, RENAME2] = [35, 45]
/** The kernel expects no answer to these: FORGET, INTERRUPT, BATCH_FORGET. */
const oneWay = [2, 36, 42]
const [ENOENT, ENOSYS] = [2, 38]
const folderNode = 1n
const fileNode = 2n
/** An inode number that hardly any other file has. */
const fileInode = 4_711_000_815n
const openDirectIo = 1

const end = () => process.kill(process.pid, 'SIGKILL')
setTimeout(end, 60_000)
process.stdin.on('end', end).resume()

const [folder = '', call = 'read'] = process.argv.slice(2)
const last = { read: READ, fifo: LOOKUP, create: CREATE, write: WRITE, fsync: FSYNC }[call]
const hasReader = call === 'read' || call === 'fifo'
/** @type {Map<string, bigint>} */
const files = new Map()
const device = openSync('/dev/fuse', 'r+')
const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other'
const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'osdemo-test', folder], {
  stdio: ['ignore', 'ignore', 'inherit', device],
})
if (mounted.status !== 0) end()

const request = Buffer.alloc(1 << 18)
let silent = false
answerNext()
if (hasReader) files.set('file', fileNode)
else process.stdout.write(`${process.pid}\n`)
// The shell changes the folder: in fork(2) this process would wait for its own answer.
const line = call === 'fifo' ? 'cd "$0" && exec cat file' : 'exec cat "$0/file"'
const reader = hasReader ? spawn('sh', ['-c', line, folder], { stdio: 'ignore' }) : undefined

function answerNext() {
  read(device, request, 0, request.length, null, (error) => {
    if (error) end()
    const opcode = request.readUInt32LE(4)
    const isLast = opcode === last && !silent
    // A FIFO is found, and then opened without a further question.
    if (isLast && call !== 'fifo') silent = true
    if (isLast && reader) process.stdout.write(`${reader.pid}\n`)
    if (!silent && !oneWay.includes(opcode)) {
      const body = answerTo(opcode, request.readBigUInt64LE(16))
      const header = Buffer.alloc(16)
      header.writeUInt32LE(header.length + (typeof body === 'number' ? 0 : body.length), 0)
      if (typeof body === 'number') header.writeInt32LE(-body, 4)
      header.writeBigUInt64LE(request.readBigUInt64LE(8), 8)
      writeSync(device, Buffer.concat(typeof body === 'number' ? [header] : [header, body]))
    }
    if (isLast) silent = true
    answerNext()
  })
}

/**
 * @param {number} opcode
 * @param {bigint} node
 * @returns {Buffer | number} the answer, or an errno
 */
function answerTo(opcode, node) {
  if (opcode === INIT) {
    const body = Buffer.alloc(64)
    body.writeUInt32LE(7, 0)
    body.writeUInt32LE(31, 4)
    body.writeUInt32LE(65_536, 20)
    return body
  }
  if (opcode === LOOKUP) {
    const file = files.get(nameAt(40))
    return file === undefined ? ENOENT : entry(file)
  }
  if (opcode === CREATE) {
    const file = fileNode + BigInt(files.size)
    files.set(nameAt(56), file)
    return Buffer.concat([entry(file), openFile()])
  }
  if (opcode === GETATTR || opcode === SETATTR) return Buffer.concat([Buffer.alloc(16), attributes(node)])
  if (opcode === OPEN) return openFile()
  if (opcode === WRITE) {
    const body = Buffer.alloc(8)
    request.copy(body, 0, 56, 60)
    return body
  }
  return opcode === FSYNC || opcode === RENAME || opcode === RENAME2 ? Buffer.alloc(0) : ENOSYS
}

/** @param {number} start */
function nameAt(start) {
  return request.toString('utf8', start, request.indexOf(0, start))
}

/** Names and attributes are valid for this one request only. @param {bigint} node */
function entry(node) {
  const body = Buffer.alloc(40)
  body.writeBigUInt64LE(node, 0)
  return Buffer.concat([body, attributes(node)])
}

function openFile() {
  const body = Buffer.alloc(16)
  body.writeUInt32LE(openDirectIo, 8)
  return body
}

/** @param {bigint} node */
function attributes(node) {
  const isFolder = node === folderNode
  const body = Buffer.alloc(88)
  body.writeBigUInt64LE(isFolder ? 1n : fileInode + node - fileNode, 0)
  body.writeBigUInt64LE(4096n, 8)
  body.writeUInt32LE(isFolder ? 0o040755 : call === 'fifo' ? 0o010644 : 0o100644, 60)
  body.writeUInt32LE(1, 64)
  return body
}
