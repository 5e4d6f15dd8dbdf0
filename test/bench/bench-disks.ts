/**
 * The disks that are backed up: an ext4 file system of this machine's own files, the same disk a day later (blocks of
 * 4 KiB rewritten in place, most of them in a few busy places, and some new files), and a second machine cloned from the
 * first that has gone its own way. The same sources make the same disks.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  constants,
  copyFile,
  link,
  mkdir,
  open,
  readFile,
  rm,
  statfs,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Extent } from '../../src/ports/disks.ts'
import { run } from './timed-child.ts'

export interface BenchDisks {
  readonly sizeBytes: number
  readonly first: string
  /** The first a day later, and where it differs, as a dirty bitmap of 64 KiB tells. */
  readonly changed: string
  readonly changes: readonly Extent[]
  readonly second: string
  readonly fileBytes: number
}

const SOURCE = '/usr'
const MIB = 2 ** 20
const BLOCK = 4096
/** What a bit of a dirty bitmap stands for, unless QEMU is told otherwise. */
export const BITMAP_BYTES = 65_536

interface SourceFile {
  readonly path: string
  readonly bytes: number
}

/** Those that `kept` holds, for the next run too, made when it holds none; new ones in `folder` where there is no `kept`. */
export async function benchDisks(folder: string, mib: number, kept = process.env.BENCH_DISKS): Promise<BenchDisks> {
  if (kept === undefined) return makeBenchDisks(folder, mib)
  const note = join(kept, `disks-${mib}.json`)
  if (existsSync(note)) return JSON.parse(await readFile(note, 'utf8'))
  await mkdir(kept, { recursive: true })
  const disks = await makeBenchDisks(kept, mib)
  await writeFile(note, JSON.stringify(disks))
  return disks
}

/** About so many MiB of files, on disks half as large again; less where the machine has less. */
async function makeBenchDisks(folder: string, mib: number): Promise<BenchDisks> {
  const files = await sourceFiles()
  const system = upTo(files, 0, mib * MIB)
  const ofTheDay = upTo(files, system.end, (mib * MIB) / 64)
  const ofTheSecond = upTo(files, ofTheDay.end, (mib * MIB) / 16)
  const disk = (name: string): string => join(folder, `${name}.raw`)
  const sizeBytes = Math.ceil((1.5 * system.bytes) / MIB + 64) * MIB
  await makeFileSystem(folder, disk('first'), system.files, sizeBytes)
  await change(disk('first'), disk('changed'), { files: ofTheDay.files, seed: 1 })
  await change(disk('first'), disk('second'), { files: ofTheSecond.files, seed: 2 })
  const changes = await differences(disk('first'), disk('changed'))
  return {
    sizeBytes,
    first: disk('first'),
    changed: disk('changed'),
    second: disk('second'),
    changes,
    fileBytes: system.bytes,
  }
}

/** In an order that follows from the paths and nothing else, so that any part of it is a mix of everything. */
async function sourceFiles(): Promise<readonly SourceFile[]> {
  // Not by readdir: asked for everything below a folder, it follows links round and round.
  const found = await run(['find', SOURCE, '-xdev', '-type', 'f', '-printf', '%s %p\\0'])
  const ranked = found.split('\0').flatMap(line => {
    const [, bytes, path] = /^(\d+) (.+)$/s.exec(line) ?? []
    if (bytes === undefined || path === undefined) return []
    return { path, bytes: Number(bytes), rank: createHash('sha1').update(path).digest('hex') }
  })
  return ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1))
}

function upTo(files: readonly SourceFile[], from: number, goal: number) {
  let bytes = 0
  let end = from
  for (; end < files.length && bytes < goal; end++) bytes += files[end]?.bytes ?? 0
  return { files: files.slice(from, end), end, bytes }
}

async function makeFileSystem(folder: string, image: string, files: readonly SourceFile[], sizeBytes: number) {
  const tree = join(folder, 'tree')
  try {
    const made = new Set<string>()
    for (const { path } of files) {
      const into = join(tree, path)
      if (!made.has(dirname(into))) await mkdir(dirname(into), { recursive: true })
      made.add(dirname(into))
      await linkOrCopy(path, into)
    }
    const options = ['-E', 'lazy_itable_init=1,nodiscard', '-U', '01234567-89ab-cdef-0123-456789abcdef']
    await run(['mkfs.ext4', '-q', '-F', ...options, '-d', tree, image, `${sizeBytes / 1024}k`])
  } finally {
    await rm(tree, { recursive: true, force: true })
  }
}

/** A link costs nothing, where the folder is on the same file system and the file is one's own. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && ['EXDEV', 'EPERM'].includes(String(error.code)))) throw error
    await copyFile(from, to)
  }
}

interface Change {
  readonly files: readonly SourceFile[]
  readonly seed: number
}

async function change(from: string, to: string, { files, seed }: Change): Promise<void> {
  await run(['cp', '--sparse=always', from, to])
  const script = `${to}.debugfs`
  await writeFile(script, files.map(({ path }, number) => `write "${path}" new-${number}\n`).join(''))
  await run(['debugfs', '-w', '-f', script, to])
  await rm(script)
  await rewriteBlocks(to, seed)
  await utimes(to, new Date(), new Date())
}

/** One block in a thousand of those with data: three quarters in 64 busy places of 4 MiB, the rest anywhere. */
async function rewriteBlocks(image: string, seed: number): Promise<void> {
  const pieces = await dataPieces(image)
  const random = randomNumbers(seed)
  const pick = (from: number, count: number): number =>
    pieces[(from + Math.floor(random() * count)) % pieces.length] ?? 0
  const blocksOfPiece = BITMAP_BYTES / BLOCK
  const count = Math.ceil((pieces.length * blocksOfPiece) / 1000)
  const busy = Array.from({ length: 64 }, () => Math.floor(random() * pieces.length))
  await using file = await open(image, 'r+')
  const block = Buffer.alloc(BLOCK)
  for (let at = 0; at < count; at++) {
    const place = busy[Math.floor(random() * busy.length)] ?? 0
    const piece = random() < 0.75 ? pick(place, Math.min(64, pieces.length)) : pick(0, pieces.length)
    const offset = piece * BITMAP_BYTES + Math.floor(random() * blocksOfPiece) * BLOCK
    await file.read(block, 0, BLOCK, offset)
    for (let byte = 0; byte < BLOCK / 2; byte++) block[byte] = Math.floor(random() * 256)
    await file.write(block, 0, BLOCK, offset)
  }
}

/** Numbers of the pieces of 64 KiB that are not all zeros. */
async function dataPieces(image: string): Promise<readonly number[]> {
  const zeros = Buffer.alloc(BITMAP_BYTES)
  const pieces: number[] = []
  await eachPiece([image], ([piece], number) => {
    if (piece && !piece.equals(zeros.subarray(0, piece.length))) pieces.push(number)
  })
  return pieces
}

async function differences(before: string, after: string): Promise<readonly Extent[]> {
  const found: Extent[] = []
  await eachPiece([before, after], ([a, b], number) => {
    if (!a || !b || a.equals(b)) return
    const last = found.at(-1)
    const offset = number * BITMAP_BYTES
    if (last && last.offset + last.length === offset)
      found[found.length - 1] = { ...last, length: last.length + BITMAP_BYTES }
    else found.push({ offset, length: BITMAP_BYTES, data: true })
  })
  return found
}

/** Files of the same size side by side, in pieces of 64 KiB. */
async function eachPiece(
  paths: readonly string[],
  work: (pieces: readonly Buffer[], number: number) => void,
): Promise<void> {
  const files = await Promise.all(paths.map(path => open(path, constants.O_RDONLY)))
  try {
    const { size = 0 } = (await files[0]?.stat()) ?? {}
    const buffers = files.map(() => Buffer.alloc(MIB))
    for (let offset = 0; offset < size; offset += MIB) {
      const length = Math.min(MIB, size - offset)
      await Promise.all(files.map((file, at) => file.read(buffers[at] ?? Buffer.alloc(0), 0, length, offset)))
      for (let at = 0; at < length; at += BITMAP_BYTES) {
        const end = Math.min(length, at + BITMAP_BYTES)
        work(
          buffers.map(buffer => buffer.subarray(at, end)),
          (offset + at) / BITMAP_BYTES,
        )
      }
    }
  } finally {
    await Promise.all(files.map(file => file.close()))
  }
}

/** Numbers from 0 to below 1, the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}

export interface SparseOptions {
  readonly path: string
  readonly gib: number
  /** One MiB of data in so many. */
  readonly every: number
}

/** A disk of holes with a MiB of data here and there: half of it noise, no two alike. The bytes of data. */
export async function makeSparseDisk({ path, gib, every }: SparseOptions): Promise<number> {
  await writeFile(path, '')
  await truncate(path, gib * 1024 * MIB)
  const random = randomNumbers(gib)
  const noise = Buffer.alloc(8 * MIB)
  for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE(random() * 2 ** 32, at)
  const piece = Buffer.alloc(MIB, 'a page of nothing special ')
  await using file = await open(path, 'r+')
  let bytes = 0
  for (let mib = 0; mib < gib * 1024; mib += every) {
    for (let at = 0; at < MIB; at += BLOCK) {
      const from = Math.floor(random() * (noise.length - BLOCK))
      noise.copy(piece, at, from, from + BLOCK / 2)
      piece.writeUInt32LE(mib, at)
    }
    await file.write(piece, 0, MIB, mib * MIB)
    bytes += MIB
  }
  return bytes
}

/** Fails early rather than on a full disk. */
export async function checkFree(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < bytes) throw new Error(`${folder} has ${bavail * bsize} bytes free; this needs ${bytes}`)
}
