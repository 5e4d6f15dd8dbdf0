/** What format a disk image is in, by its first bytes, or its last. */
import { type FileHandle, open } from 'node:fs/promises'
import type { ImportFormat } from '../contract/opencbr-api.ts'
import { fill, onDisk } from './files.ts'

const magic: readonly (readonly [text: string, format: ImportFormat])[] = [
  ['QFI\xfb', 'qcow2'],
  ['KDMV', 'vmdk'],
  ['# Disk DescriptorFile', 'vmdk'],
  ['vhdxfile', 'vhdx'],
  ['conectix', 'vpc'],
]
const LONGEST = 32
/** A VHD of fixed size has its header behind its data. */
const FOOTER = 512

/** Raw is what is nothing else. */
export function formatOf(path: string): Promise<ImportFormat> {
  return onDisk(async () => {
    await using handle = await open(path, 'r')
    const { size } = await handle.stat()
    const begin = await textAt(handle, 0, size)
    const known = magic.find(([text]) => begin.startsWith(text))
    if (known !== undefined) return known[1]
    return size > FOOTER && (await textAt(handle, size - FOOTER, size)).startsWith('conectix') ? 'vpc' : 'raw'
  })
}

async function textAt(handle: FileHandle, at: number, size: number): Promise<string> {
  const bytes = Buffer.alloc(Math.min(LONGEST, size - at))
  await fill(handle, bytes, at)
  return bytes.toString('latin1')
}
