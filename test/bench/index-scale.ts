/** Does looking a chunk up get slower with their number, and what memory does an index of so many take? */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { checkFree } from './bench-disks.ts'
import { emptyFolder } from './contestants.ts'
import type { LookedUp } from './index-child.ts'
import { run, runTimed } from './timed-child.ts'

export interface IndexCost extends LookedUp {
  readonly chunks: number
  readonly peakBytes: number
}

/** What loading takes at most, as the index is now; more than the machine has is not tried. */
const MOST_BYTES_PER_CHUNK = 110

/** From 10^4 chunks to `most`; undefined in place of what the machine has no memory for. */
export async function measureIndex(
  folder: string,
  most: number,
): Promise<readonly (IndexCost | { readonly chunks: number })[]> {
  const costs: (IndexCost | { readonly chunks: number })[] = []
  for (let chunks = 1e4; chunks <= most; chunks *= 10) {
    if ((await availableBytes()) < chunks * MOST_BYTES_PER_CHUNK) {
      costs.push({ chunks })
      continue
    }
    console.error(`an index of ${chunks} chunks`)
    await checkFree(folder, chunks * 40)
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

async function availableBytes(): Promise<number> {
  const [, kib = '0'] = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'latin1')) ?? []
  return Number(kib) * 1024
}
