/**
 * What lies behind a disk image, found out without QEMU. An image is written by a tenant's virtual machine and can name
 * other files for QEMU to read as its own: a backing file, an external data file, the extents of a VMDK. Whoever follows
 * such a name blindly backs up any file this process can read. So each header is read here first; only files in allowed
 * folders are followed, and QEMU is told the files (qemu-image.ts) instead of looking them up in the header itself.
 */
import type { FileHandle } from 'node:fs/promises'
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { DiskFormat } from '../../ports/disks.ts'
import { Fault } from '../../ports/fault.ts'
import { identityOf, look, openDisk } from './open-disk.ts'

export type ImageFormat = Exclude<DiskFormat, 'nbd'>

/** One file of an image, and how it is to be read. */
export interface Layer {
  readonly path: string
  readonly format: ImageFormat
  readonly block: boolean
  /** Of the file whose header was read. */
  readonly identity: string
}

const MOST_LAYERS = 64

/**
 * The image's own file first, then what it is based on. Faults: `corrupt` (not of this format, truncated, marked as
 * corrupt), `denied` (it refers to files that are none of its business, or is encrypted).
 */
export async function imageLayers(
  path: string,
  format: ImageFormat,
  folders: readonly string[],
): Promise<readonly Layer[]> {
  const allowed = await Promise.all([dirname(path), ...folders].map(folder => realpath(folder)))
  const layers: Layer[] = []
  let next: Reference | undefined = { path, format }
  while (next) {
    if (layers.length === MOST_LAYERS) throw new Fault('denied', `${path} has more than ${MOST_LAYERS} backing files`)
    const seen = await look(next.path)
    await using disk = (await openDisk(next.path, seen, 'read')).handle
    layers.push({ ...next, block: seen.isBlockDevice(), identity: identityOf(seen) })
    const backing: Reference | undefined = await headers[next.format](disk, next.path)
    next = backing && { ...backing, path: await allowedPath(backing.path, next.path, allowed) }
  }
  return layers
}

interface Reference {
  readonly path: string
  readonly format: ImageFormat
}

/** As QEMU resolves it: relative to the folder of the image that names it. */
async function allowedPath(named: string, by: string, allowed: readonly string[]): Promise<string> {
  const lexical = resolve(dirname(by), named)
  const folder = await realpath(dirname(lexical))
  if (!allowed.some(root => folder === root || folder.startsWith(`${root}/`)))
    throw new Fault('denied', `${by} is based on ${lexical}, which is in none of the folders that disks may refer to`)
  return join(folder, basename(lexical))
}

/** Reads a header; answers what the image is based on. */
type Header = (file: FileHandle, path: string) => Promise<Reference | undefined>

const headers: Readonly<Record<ImageFormat, Header>> = {
  raw: async () => undefined,
  qcow2: readQcow2,
  vmdk: readVmdk,
  vhdx: async (file, path) => {
    if (!startsWith(await bytesAt(file, 0, 8), 'vhdxfile')) throw notOne(path, 'VHDX')
    return undefined // QEMU itself refuses one that has a parent.
  },
  vpc: readVpc,
}

// Offsets within the header, as QEMU's docs/interop/qcow2.rst has them.
const LARGEST_CLUSTER_BITS = 21
const incompatible = { corrupt: 2n, externalData: 4n } as const
const BACKING_FORMAT = 0xe2792aca

async function readQcow2(file: FileHandle, path: string): Promise<Reference | undefined> {
  const head = await bytesAt(file, 0, 104)
  if (head.length < 72 || !startsWith(head, 'QFI\xfb')) throw notOne(path, 'qcow2')
  const version = head.readUInt32BE(4)
  const bits = head.readUInt32BE(20)
  if (
    (version !== 2 && version !== 3) ||
    bits < 9 ||
    bits > LARGEST_CLUSTER_BITS ||
    head.length < (version === 2 ? 72 : 104)
  )
    throw notOne(path, 'qcow2')
  if (head.readUInt32BE(32) !== 0) throw new Fault('denied', `${path} is encrypted, which is not supported`)
  const features = version === 3 ? head.readBigUInt64BE(72) : 0n
  if ((features & incompatible.corrupt) !== 0n)
    throw new Fault('corrupt', `${path} is marked as corrupt; repair it first`)
  if ((features & incompatible.externalData) !== 0n)
    throw new Fault('denied', `${path} keeps its data in another file, which is not allowed`)
  const [at, length] = [Number(head.readBigUInt64BE(8)), head.readUInt32BE(16)]
  if (at === 0) return undefined
  const cluster = await bytesAt(file, 0, 2 ** bits)
  if (length > 1023 || at + length > cluster.length) throw notOne(path, 'qcow2')
  const named = cluster.toString('utf8', at, at + length)
  if (/^[^/]*:/.test(named) || named.includes('\0'))
    throw new Fault('denied', `${path} is based on ${JSON.stringify(named)}, which is no file's name`)
  const format = extensionOf(cluster, version === 3 ? head.readUInt32BE(100) : 72, BACKING_FORMAT)
  if (format === undefined || !Object.hasOwn(headers, format))
    throw new Fault('denied', `${path} does not say of which format ${named} is; say so with qemu-img rebase -u -F`)
  return { path: named, format: format as ImageFormat }
}

/** The text of one of the header's extensions. */
function extensionOf(cluster: Buffer, from: number, wanted: number): string | undefined {
  for (let at = from; at + 8 <= cluster.length; ) {
    const [kind, length] = [cluster.readUInt32BE(at), cluster.readUInt32BE(at + 4)]
    if (kind === 0 || at + 8 + length > cluster.length) return undefined
    if (kind === wanted) return cluster.toString('utf8', at + 8, at + 8 + length)
    at += 8 + Math.ceil(length / 8) * 8
  }
  return undefined
}

const SECTOR = 512
/** Of a descriptor, as far as QEMU reads it. */
const DESCRIPTOR_BYTES = 20 * SECTOR

/** Only images that are one file; a descriptor can name any other. */
async function readVmdk(file: FileHandle, path: string): Promise<undefined> {
  const head = await bytesAt(file, 0, 44)
  if (startsWith(head, '# Disk Descript'))
    throw new Fault('denied', `${path} only describes other files; name the flat file as raw, or make it one VMDK`)
  if (head.length < 44 || !startsWith(head, 'KDMV')) throw notOne(path, 'VMDK')
  const [capacity, at] = [head.readBigUInt64LE(12), head.readBigUInt64LE(28)]
  if (capacity === 0n || at === 0n || at > 2n ** 40n)
    throw new Fault('denied', `${path} is no VMDK of one file; convert it first`)
  const text = (await bytesAt(file, Number(at) * SECTOR, DESCRIPTOR_BYTES)).toString('latin1').toLowerCase()
  const kind = /^\s*createtype\s*=\s*"([^"]*)"/m.exec(text)?.[1] ?? ''
  if (!['monolithicsparse', 'streamoptimized'].includes(kind))
    throw new Fault('denied', `${path} is a VMDK of kind ${JSON.stringify(kind)}; only those of one file are read`)
  if (text.includes('parentfilenamehint') || !/^\s*parentcid\s*=\s*ffffffff/m.test(text))
    throw new Fault('denied', `${path} is based on another VMDK; consolidate it first`)
  return undefined
}

/** The footer stands at the end, and in front of a dynamic image once more. */
async function readVpc(file: FileHandle, path: string): Promise<undefined> {
  const { size } = await file.stat()
  const front = await bytesAt(file, 0, SECTOR)
  const footer = startsWith(front, 'conectix') ? front : await bytesAt(file, Math.max(0, size - SECTOR), SECTOR)
  if (footer.length < SECTOR || !startsWith(footer, 'conectix')) throw notOne(path, 'VHD')
  const kind = footer.readUInt32BE(60)
  // QEMU reads a differencing one as if what its parent holds were zeros.
  if (kind === 4) throw new Fault('denied', `${path} is based on another VHD; merge it first`)
  if (kind !== 2 && kind !== 3) throw notOne(path, 'VHD')
  return undefined
}

const notOne = (path: string, what: string): Fault =>
  new Fault('corrupt', `${path} is no ${what} image, or a damaged one`)

const startsWith = (bytes: Buffer, text: string): boolean => bytes.toString('latin1', 0, text.length) === text

/** Fewer where the file ends. */
async function bytesAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, offset)
  return bytes.subarray(0, bytesRead)
}
