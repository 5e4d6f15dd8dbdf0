import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import { aBackup, aMember, anImage, aProject, at, aVault } from './samples.ts'

const ALL = { limit: 1000, offset: 0 }

/** Share members, and the images that recipients make of a share. */
export function shareTests(catalog: () => Catalog): void {
  test('members: in order, found by recipient or id, patched and emptied', async () => {
    const [vault, accepting] = [aVault(aProject()), aVault(aProject())]
    const backup = aBackup(vault)
    const members = [2, 1, 3].map(n => aMember(backup, { createdAt: at(n) }))
    const [second, first, third] = members as [(typeof members)[0], (typeof members)[0], (typeof members)[0]]
    await catalog().change(async records => {
      for (const one of [vault, accepting]) await records.vaults.insert(one)
      await records.backups.insert([backup])
      await records.members.insert(members)
      assert.deepEqual(await records.members.of(backup.id), [first, second, third])
      assert.deepEqual(await records.members.find(backup.id, second.destProjectId), second)
      assert.deepEqual(await records.members.find(backup.id, second.id), second)
      assert.equal(await records.members.find(randomUUID(), second.id), undefined)
      const accepted = { status: 'accepted' as const, updatedAt: at(5), vaultId: accepting.id, chargedBytes: 7 }
      await records.members.update(second, { ...accepted, imageId: 'i' })
      assert.deepEqual(await records.members.inVault(accepting.id), [{ ...second, ...accepted, imageId: 'i' }])
      await records.members.update(second, { imageId: null, vaultId: null, chargedBytes: 0 })
      const released = { ...second, status: 'accepted' as const, updatedAt: at(5) }
      assert.deepEqual(await records.members.find(backup.id, second.id), released)
      assert.deepEqual(await records.members.inVault(accepting.id), [])
      assert.equal(await records.members.linked(vault.projectId, third.destProjectId), true)
      assert.equal(await records.members.linked(third.destProjectId, vault.projectId), true)
      assert.equal(await records.members.linked(first.destProjectId, third.destProjectId), false)
    })
    const twice = aMember(backup, { destProjectId: first.destProjectId })
    await assert.rejects(catalog().change(records => records.members.insert([twice])))
    await assert.rejects(catalog().change(records => records.backups.remove([backup.id])))
    const ids = members.map(({ id }) => id)
    await catalog().change(records => records.members.remove(randomUUID(), ids))
    assert.equal((await catalog().read(records => records.members.of(backup.id))).length, 3, 'of another backup')
    await catalog().change(records => records.members.remove(backup.id, ids))
    assert.deepEqual(await catalog().read(records => records.members.of(backup.id)), [])
  })

  test('images: one per backup and project, which keeps the backup', async () => {
    const vault = aVault(aProject())
    const backup = aBackup(vault)
    const [own, recipients] = [anImage(backup), anImage(backup, { projectId: aProject(), createdAt: at(11) })]
    await catalog().change(async ({ vaults, backups, images }) => {
      await vaults.insert(vault)
      await backups.insert([backup])
      for (const image of [own, recipients]) await images.insert(image)
      assert.deepEqual(await images.find(own.projectId, own.id), own)
      assert.equal(await images.find(recipients.projectId, own.id), undefined)
      assert.deepEqual(await images.findByJob(own.projectId, own.jobId), own)
      assert.deepEqual(await images.ofBackups([backup.id, randomUUID()]), [own, recipients])
      await images.update(own.id, { status: 'error', failure: 'why', updatedAt: at(30), tags: [] })
      const failed = { ...own, status: 'error', failure: 'why', updatedAt: at(30), tags: [] }
      assert.deepEqual((await images.list(own.projectId, { status: 'error', name: 'golden' }, ALL)).rows, [failed])
      assert.deepEqual((await images.list(own.projectId, { status: 'active' }, ALL)).rows, [])
    })
    await assert.rejects(catalog().change(({ images }) => images.insert(anImage(backup))))
    await assert.rejects(catalog().change(({ backups }) => backups.remove([backup.id])))
    await catalog().change(async ({ backups, images }) => {
      for (const image of [own, recipients]) await images.remove(image.id)
      await backups.remove([backup.id])
    })
  })
}
