/** Which chunks of a disk are read, page by page: from the holes its source tells of, and from what changed at all. */
import type { Extent } from '../ports/disks.ts'
import { Fault } from '../ports/fault.ts'
import { CHUNK_BYTES, CHUNKS_PER_PAGE } from './chunk.ts'
import { chunkCount, pageCount } from './manifest.ts'

export const state = { zero: 0, read: 1, same: 2 } as const

export interface PagePlan {
  readonly page: number
  /** One `state` per chunk: zeros without reading, to be read, as in the base. */
  readonly states: Uint8Array
}

export interface DiskPlan {
  readonly sizeBytes: number
  readonly extents: AsyncIterable<Extent>
  /** Absent: anything may have changed. */
  readonly changed?: readonly Extent[]
}

/** Fault `unreadable` when the source's extents leave a gap, overlap or end elsewhere than the disk. */
export async function* planPages(disk: DiskPlan): AsyncGenerator<PagePlan> {
  const chunks = chunkCount(disk.sizeBytes)
  const keepUnchanged = disk.changed && unchangedKeeper(mergedRuns(disk.changed, disk.sizeBytes))
  const runs = dataRuns(disk.extents, disk.sizeBytes)
  try {
    let run = await runs.next()
    for (let page = 0; page < pageCount(disk.sizeBytes); page++) {
      const first = page * CHUNKS_PER_PAGE
      const states = new Uint8Array(Math.min(CHUNKS_PER_PAGE, chunks - first))
      const end = first + states.length
      while (!run.done && run.value.first < end) {
        states.fill(state.read, Math.max(0, run.value.first - first), Math.min(end, run.value.end) - first)
        if (run.value.end > end) break
        run = await runs.next()
      }
      keepUnchanged?.(states, first)
      yield { page, states }
    }
    while (!run.done) run = await runs.next()
  } finally {
    await runs.return(undefined)
  }
}

/** Chunks from `first` to before `end`. */
interface Run {
  readonly first: number
  readonly end: number
}

const asRun = (extent: Extent): Run => ({
  first: Math.floor(extent.offset / CHUNK_BYTES),
  end: Math.ceil((extent.offset + extent.length) / CHUNK_BYTES),
})

async function* dataRuns(extents: AsyncIterable<Extent>, sizeBytes: number): AsyncGenerator<Run> {
  let at = 0
  for await (const extent of extents) {
    if (extent.offset !== at || !(extent.length >= 0))
      throw new Fault('unreadable', `the source's extents have a gap or overlap at byte ${at}`)
    at += extent.length
    if (extent.data && extent.length > 0) yield asRun(extent)
  }
  if (at !== sizeBytes) throw new Fault('unreadable', `the source's extents end at byte ${at} of ${sizeBytes}`)
}

function mergedRuns(changed: readonly Extent[], sizeBytes: number): readonly Run[] {
  const within = changed.filter(extent => extent.length > 0 && extent.offset >= 0 && extent.offset < sizeBytes)
  const merged: Run[] = []
  for (const run of within.map(asRun).sort((a, b) => a.first - b.first)) {
    const last = merged.at(-1)
    if (last && run.first <= last.end) merged[merged.length - 1] = { ...last, end: Math.max(last.end, run.end) }
    else merged.push(run)
  }
  return merged
}

/** Marks `same` what lies in no run; called for one page after the other. */
function unchangedKeeper(runs: readonly Run[]): (states: Uint8Array, first: number) => void {
  let next = 0
  return (states, first) => {
    const same = new Uint8Array(states.length).fill(1)
    for (let run = runs[next]; run && run.first < first + states.length; run = runs[++next]) {
      same.fill(0, Math.max(0, run.first - first), Math.max(0, run.end - first))
      if (run.end > first + states.length) break
    }
    for (let chunk = 0; chunk < states.length; chunk++) if (same[chunk] === 1) states[chunk] = state.same
  }
}
