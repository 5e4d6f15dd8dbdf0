/**
 * The server's disks: a system disk with a real ext4 file system full of real files (this checkout's own packages), and
 * a data disk with pages of records. Where mkfs.ext4 is missing, the system disk is generated as the data disk is.
 */
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, open, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const files = fileURLToPath(new URL('../../node_modules', import.meta.url))
const diskBytes = 1024 ** 3
const pageBytes = 8192
const dataBytes = 96 * 1024 ** 2

export interface DemoDisks {
  readonly system: string
  readonly data: string
  /** Whether the system disk has a file system. */
  readonly ext4: boolean
}

export async function makeDisks(folder: string): Promise<DemoDisks> {
  const [system, data] = [join(folder, 'db-01-root.raw'), join(folder, 'db-01-data.raw')]
  const ext4 = await makeFileSystem(system)
  if (!ext4) await generate(system)
  await generate(data)
  return { system, data, ext4 }
}

/** A day's work in small: three files written, one deleted; some pages of the data disk rewritten. Says what it did. */
export async function changeDisks(disks: DemoDisks, folder: string): Promise<string> {
  await rewritePages(disks.data, 40)
  if (!disks.ext4) {
    await rewritePages(disks.system, 40)
    return '40 pages rewritten on each disk'
  }
  const names = ['orders.log', 'audit.log', 'release.txt']
  for (const name of names) await writeFile(join(folder, name), records(Date.now(), 256 * 1024))
  await debugfs('write', disks.system, [
    'mkdir /var-log',
    ...names.map(name => `write ${join(folder, name)} /var-log/${name}`),
    'rm /typescript/README.md',
  ])
  return `3 files written, 1 deleted on ${nameOf(disks.system)}; 40 pages rewritten on ${nameOf(disks.data)}`
}

/** Whether one of the changed files stands on a copy of the system disk as it was written. */
export async function changedFileOn(copy: string, folder: string): Promise<{ readonly same: boolean; name: string }> {
  const name = 'orders.log'
  await debugfs('read', copy, [`dump /var-log/${name} ${join(folder, 'read-back')}`])
  const hashes = await Promise.all([name, 'read-back'].map(file => hashOf(join(folder, file))))
  return { same: hashes[0] === hashes[1], name: `/var-log/${name}` }
}

export async function allocatedBytes(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async path => (await stat(path)).blocks * 512))
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}

async function makeFileSystem(path: string): Promise<boolean> {
  try {
    const options = ['-q', '-F', '-L', 'root', '-E', 'root_owner=0:0', '-d', files]
    await run('mkfs.ext4', [...options, path, `${diskBytes / 1024}k`], { env: withSystemFolders() })
    await run('debugfs', ['-V'], { env: withSystemFolders() })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** `debugfs` goes on after a command that failed, and says so on its standard error only. */
async function debugfs(how: 'read' | 'write', image: string, commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const { stderr } = await run('debugfs', [...(how === 'write' ? ['-w'] : []), '-R', command, image], {
      env: withSystemFolders(),
    })
    const complaint = stderr.replace(/^debugfs [\d.]+ .*\n/, '').trim()
    if (complaint !== '') throw new Error(`debugfs ${command}: ${complaint}`)
  }
}

function withSystemFolders(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
}

async function generate(path: string): Promise<void> {
  await using handle = await open(path, 'wx')
  await handle.truncate(diskBytes)
  const block = 1024 ** 2
  // Two runs with a hole between them, as a data base's files lie on a disk.
  for (let at = 0; at < dataBytes; at += block) {
    const content = Buffer.concat([randomBytes(block / 4), records(at, (block * 3) / 4)])
    await handle.write(content, 0, block, at < dataBytes / 2 ? at : at + 256 * block)
  }
  await handle.sync()
}

async function rewritePages(path: string, pages: number): Promise<void> {
  await using handle: FileHandle = await open(path, 'r+')
  const step = Math.floor(dataBytes / 2 / pages / pageBytes) * pageBytes
  for (let page = 0; page < pages; page += 1)
    await handle.write(records(page, pageBytes), 0, pageBytes, page * step + (page % 7) * pageBytes)
  await handle.sync()
}

/** Lines as an application writes them: they compress, and no two are the same. */
function records(seed: number, bytes: number): Buffer {
  const noise = randomBytes(Math.ceil(bytes / 96) * 8).toString('hex')
  const lines: string[] = []
  for (let at = 0, length = 0; length < bytes; at += 1) {
    const line = `{"id":${seed + at},"customer":"${noise.slice(at * 8, at * 8 + 8)}","state":"paid","amount":${at * 37}}\n`
    lines.push(line)
    length += line.length
  }
  return Buffer.from(lines.join('')).subarray(0, bytes)
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await using handle = await open(path)
  for await (const piece of handle.createReadStream({ autoClose: false })) hash.update(piece)
  return hash.digest('hex')
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
