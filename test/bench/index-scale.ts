/** Does looking a chunk up get slower with their number, and what memory does an index of so many take? */
import { join, resolve } from 'node:path'
import { checkFree } from './bench-disks.ts'
import { emptyFolder } from './contestants.ts'
import type { LookedUp } from './index-child.ts'
import { run, runTimed } from './timed-child.ts'

export interface IndexCost extends LookedUp {
  readonly chunks: number
  readonly peakBytes: number
}

/** Of disk, for the segments and for what the index keeps in files. */
const BYTES_PER_CHUNK = 100

/** From 10^4 chunks to `most`. */
export async function measureIndex(folder: string, most: number): Promise<readonly IndexCost[]> {
  const costs: IndexCost[] = []
  for (let chunks = 1e4; chunks <= most; chunks *= 10) {
    console.error(`an index of ${chunks} chunks`)
    await checkFree(folder, chunks * BYTES_PER_CHUNK)
    const store = join(await emptyFolder(join(folder, 'index')), 'store')
    const tell = (what: string): readonly string[] => [
      process.execPath,
      resolve(import.meta.dirname, 'index-child.ts'),
      what,
      String(chunks),
      store,
    ]
    await run(tell('fill'))
    const timed = await runTimed(tell('look'), { folder })
    const looked: LookedUp = JSON.parse(timed.output)
    costs.push({ chunks, peakBytes: timed.peakBytes, ...looked })
  }
  return costs
}
