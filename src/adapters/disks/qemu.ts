/**
 * Disk images that QEMU understands. While one is open here QEMU holds its lock, so that no virtual machine writes to it
 * meanwhile, and none that does is read from: such a disk is backed up through the NBD export of its QEMU.
 */
import type { DiskLocation, Disks } from '../../ports/disks.ts'
import { Fault } from '../../ports/fault.ts'
import { systemFault } from '../../ports/system-fault.ts'
import { type ImageFormat, imageLayers, type Layer } from './image-layers.ts'
import { nbdReader, nbdWriter } from './nbd-disk.ts'
import { type ImageServer, serveImage } from './qemu-server.ts'
import { qemuImg } from './qemu-tool.ts'

const INFO_MS = 30_000
/** Reads all tables of an image: some seconds for a terabyte. */
const CHECK_MS = 10 * 60_000

/** `folders`: where backing files may lie, beside the folder of the image. */
export function qemuDisks(folders: readonly string[]): Pick<Disks, 'openReader' | 'openWriter' | 'stat'> {
  return {
    openReader: disk =>
      at(disk, async () => {
        const { server, layers } = await open(disk, folders, 'read')
        try {
          for (const layer of layers) await checkWhole(layer)
          return owning(nbdReader(server.client, disk.path), server)
        } catch (error) {
          await server[Symbol.asyncDispose]()
          throw error
        }
      }),
    openWriter: disk =>
      at(disk, async () => {
        const { server } = await open(disk, folders, 'write')
        try {
          return owning(await nbdWriter(server.client, disk.path), server)
        } catch (error) {
          await server[Symbol.asyncDispose]()
          throw error
        }
      }),
    stat: disk =>
      at(disk, async () => {
        const [image] = await imageLayers(disk.path, imageFormat(disk), folders)
        if (image === undefined) throw new Error('an image without a layer')
        const printed = await qemuImg(['info', '-U', '--output=json', '-f', image.format, image.path], INFO_MS)
        const { 'virtual-size': sizeBytes, 'actual-size': allocatedBytes } = JSON.parse(printed)
        if (!Number.isSafeInteger(sizeBytes) || !Number.isSafeInteger(allocatedBytes))
          throw new Fault('corrupt', 'QEMU does not know its size')
        return { sizeBytes, allocatedBytes }
      }),
  }
}

function imageFormat({ format }: DiskLocation): ImageFormat {
  if (format === 'nbd') throw new Error('an NBD export is no image file')
  return format
}

async function open(disk: DiskLocation, folders: readonly string[], mode: 'read' | 'write') {
  const layers = await imageLayers(disk.path, imageFormat(disk), folders)
  const server = await serveImage({ ...nodeOf(layers), ...(mode === 'write' && { discard: 'unmap' }) }, mode)
  try {
    await checkOpen(server, layers)
    return { server, layers }
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}

/** The image as QEMU is told to open it: every file by name, so that it follows none of the header's. */
function nodeOf([{ path, format, block }, ...rest]: readonly Layer[] | readonly [Layer]): object {
  return {
    driver: format,
    file: { driver: block ? 'host_device' : 'file', filename: path },
    ...(format === 'qcow2' && { backing: rest.length > 0 ? nodeOf(rest) : null }),
  }
}

/** An image that was exchanged between the look at its header and QEMU's could have named any file. */
async function checkOpen(server: ImageServer, layers: readonly Layer[]): Promise<void> {
  const known = new Set(layers.map(({ identity }) => identity))
  const opened = await server.openFiles()
  if (opened?.some(identity => !known.has(identity)))
    throw new Fault('denied', 'it changed while it was being opened, and refers to other files now')
}

/** A truncated image opens, and reads as zeros where its end is missing: its tables have to be looked through. */
async function checkWhole(layer: Layer): Promise<void> {
  if (layer.format === 'raw') return
  const image = `json:${JSON.stringify(nodeOf([layer]))}`
  // 2: corruptions; 3: leaks, which lose nothing; 63: a format that has no such check, and looks when it is opened.
  const printed = await qemuImg(['check', '--output=json', image], CHECK_MS, [2, 3, 63])
  if (printed.trim() === '') return
  const { corruptions = 0 } = JSON.parse(printed)
  if (corruptions > 0) throw new Fault('corrupt', `${layer.path} is damaged or truncated (qemu-img check tells more)`)
}

/** The disk, and with its end the server's. */
function owning<D extends AsyncDisposable>(disk: D, server: ImageServer): D {
  return { ...disk, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

/** Every Fault says of which disk. */
async function at<T>({ path }: DiskLocation, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const fault = systemFault(`cannot open disk ${path}`, error)
    if (!(fault instanceof Fault) || fault.message.includes(path)) throw fault
    throw new Fault(fault.kind, `cannot open disk ${path}: ${fault.message}`, {
      permanent: fault.permanent,
      cause: fault,
    })
  }
}
