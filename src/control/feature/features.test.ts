import assert from 'node:assert/strict'
import test from 'node:test'
import { alice, openDesk, refused } from '../../../test/desk.ts'
import { listFeatures } from './list-features.ts'
import { showFeature } from './show-feature.ts'
import { showReplicationCapabilities } from './show-replication-capabilities.ts'

const path = { project_id: alice.projectId }

test('features are a flat map, and each can be asked for by its key', async () => {
  await using desk = await openDesk()
  const all = await listFeatures(desk.ports, alice, { path, query: {}, body: undefined })
  assert.equal(all['replication.source_region'], 'local-1')
  const show = (feature_key: string) =>
    showFeature(desk.ports, alice, { path: { ...path, feature_key }, query: {}, body: undefined })
  for (const [key, value] of Object.entries(all)) assert.deepEqual(await show(key), { [key]: value })
  for (const key of ['replication', 'toString', '__proto__', '']) await refused('9900', show(key))
})

test('one region replicates nowhere', async () => {
  await using desk = await openDesk()
  const answer = await showReplicationCapabilities(desk.ports, alice, { path, query: {}, body: undefined })
  assert.deepEqual(answer, { regions: [{ name: 'local-1', replication_destinations: [] }] })
})
