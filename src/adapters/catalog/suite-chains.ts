import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import { aBackup, aProject, at, aVault } from './samples.ts'

/** The order of a disk's backups, asked for one step at a time. */
export function chainTests(catalog: () => Catalog): void {
  test('chains: the newest of some statuses, and the next on either side', async () => {
    const vault = aVault(aProject())
    const place = { projectId: vault.projectId, vaultId: vault.id, resourceId: 'disk' }
    const made = (id: string, minutes: number, fields = {}) =>
      aBackup(vault, { id, resourceId: 'disk', createdAt: at(minutes), protectedAt: at(minutes), ...fields })
    const [one, two, twin] = [made('b-1', 1), made('b-2', 2), made('b-3', 2)]
    const failed = made('b-4', 3, { status: 'error' })
    const { protectedAt: _never, ...unfinished } = made('b-5', 4)
    const fleeting = made('b-0', 9, { expiredAt: at(10), autoTrigger: false, status: 'waiting_restore' })
    const other = made('b-6', 5, { resourceId: 'another' })
    await catalog().change(async ({ vaults, backups }) => {
      await vaults.insert(vault)
      await backups.insert([fleeting, twin, failed, unfinished, other, one, two])
    })
    await catalog().read(async ({ backups }) => {
      const look = { statuses: ['available', 'restoring'], withBytes: true } as const
      assert.deepEqual(await backups.nearest(place, look), twin)
      assert.deepEqual(await backups.nearest(place, { statuses: ['available'] }), unfinished)
      const all = { statuses: ['available', 'waiting_restore'], withBytes: true } as const
      assert.deepEqual(await backups.nearest(place, all), fleeting)
      assert.deepEqual(await backups.nearest(place, { ...all, lasting: true }), twin)
      assert.deepEqual(await backups.nearest(place, { ...look, olderThan: twin }), two)
      assert.deepEqual(await backups.nearest(place, { ...look, newerThan: two }), twin)
      assert.deepEqual(await backups.nearest(place, { ...look, newerThan: one }), two)
      assert.equal(await backups.nearest(place, { ...look, olderThan: one }), undefined)
      assert.equal(await backups.nearest(place, { ...look, newerThan: twin }), undefined)
      assert.equal(await backups.nearest({ ...place, projectId: aProject() }, look), undefined)
      const statuses = await backups.statuses({ projectId: vault.projectId, vaultId: vault.id })
      assert.deepEqual(
        new Map(statuses.map(({ id, status }) => [id, status])),
        new Map([fleeting, one, two, twin, failed, unfinished, other].map(({ id, status }) => [id, status])),
      )
    })
  })
}
