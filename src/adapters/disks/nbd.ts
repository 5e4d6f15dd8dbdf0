import type { Disks } from '../../ports/disks.ts'
import { connectNbd } from './nbd-client.ts'
import { diskContexts, nbdReader, nbdWriter } from './nbd-disk.ts'
import { DIRTY_BITMAP, momentReader } from './nbd-moment.ts'
import { nbdAddress } from './nbd-uri.ts'

/**
 * Exports of NBD servers, named by their URI. That no virtual machine uses an export meanwhile is its server's to see to:
 * the protocol has no way to ask.
 */
export const nbdDisks: Pick<Disks, 'openReader' | 'openWriter' | 'stat'> = {
  async openReader({ path, moment }) {
    if (moment === undefined) return nbdReader(await connectNbd(nbdAddress(path), { contexts: diskContexts }), path)
    const bitmap = moment.bitmap === undefined ? undefined : `${DIRTY_BITMAP}${moment.bitmap}`
    const contexts = [...diskContexts, ...(bitmap === undefined ? [] : [bitmap])]
    return momentReader(await connectNbd(nbdAddress(path), { contexts }), path, bitmap)
  },
  async openWriter({ path }) {
    const client = await connectNbd(nbdAddress(path), { contexts: diskContexts })
    try {
      return await nbdWriter(client, path)
    } catch (error) {
      await client[Symbol.asyncDispose]()
      throw error
    }
  },
  async stat({ path }) {
    await using client = await connectNbd(nbdAddress(path))
    const { sizeBytes } = client.export
    return { sizeBytes, allocatedBytes: sizeBytes }
  },
}
