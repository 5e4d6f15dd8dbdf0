import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Extent } from '../ports/disks.ts'
import { CHUNK_BYTES, CHUNKS_PER_PAGE } from './chunk.ts'
import { planPages, state } from './chunker.ts'
import { chunkCount } from './manifest.ts'

/** Extents that cover the disk, cut at the given places, every other one with data. */
function extentsCutAt(cuts: readonly number[], sizeBytes: number, dataFirst: boolean): readonly Extent[] {
  const edges = [...new Set([0, ...cuts.filter(cut => cut < sizeBytes), sizeBytes])].sort((a, b) => a - b)
  return edges.slice(1).map((end, number) => {
    const offset = edges[number] ?? 0
    return { offset, length: end - offset, data: (number % 2 === 0) === dataFirst }
  })
}

const touches = (extent: Extent, chunk: number): boolean =>
  extent.offset < (chunk + 1) * CHUNK_BYTES && extent.offset + extent.length > chunk * CHUNK_BYTES && extent.length > 0

async function statesOf(sizeBytes: number, extents: readonly Extent[], changed?: readonly Extent[]) {
  const states: number[] = []
  async function* told() {
    yield* extents
  }
  const plan = planPages({ sizeBytes, extents: told(), ...(changed ? { changed } : {}) })
  for await (const page of plan) {
    assert.equal(page.page, states.length / CHUNKS_PER_PAGE)
    states.push(...page.states)
  }
  return states
}

test('exactly the chunks that an extent with data touches are read, and of those only what changed', async () => {
  const size = fc.integer({ min: 0, max: 3000 * CHUNK_BYTES })
  const places = fc.array(fc.integer({ min: 0, max: 3000 * CHUNK_BYTES }), { maxLength: 12 })
  const runs = fc.array(
    fc.record({ offset: fc.nat(3100 * CHUNK_BYTES), length: fc.nat(600 * CHUNK_BYTES), data: fc.boolean() }),
    { maxLength: 6 },
  )
  await fc.assert(
    fc.asyncProperty(
      size,
      places,
      fc.boolean(),
      fc.option(runs, { nil: undefined }),
      async (sizeBytes, cuts, first, changed) => {
        const extents = extentsCutAt(cuts, sizeBytes, first)
        const states = await statesOf(sizeBytes, extents, changed)
        assert.equal(states.length, chunkCount(sizeBytes))
        const data = extents.filter(extent => extent.data)
        const within = changed?.filter(run => run.offset < sizeBytes)
        for (const [chunk, is] of states.entries()) {
          const kept = within !== undefined && !within.some(run => touches(run, chunk))
          const expected = kept ? state.same : data.some(run => touches(run, chunk)) ? state.read : state.zero
          if (is !== expected) assert.equal(is, expected, `chunk ${chunk}`)
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('extents that do not cover the disk exactly are refused', async () => {
  const data = true
  for (const extents of [
    [{ offset: 1, length: 9, data }],
    [{ offset: 0, length: 9, data }],
    [{ offset: 0, length: 11, data }],
    [
      { offset: 0, length: 5, data },
      { offset: 6, length: 4, data },
    ],
    [{ offset: 0, length: Number.NaN, data }],
    [],
  ])
    await assert.rejects(statesOf(10, extents), /extents/)
  assert.deepEqual(await statesOf(0, []), [])
})
