/** The promises of export sessions (ports/catalog/export-session.ts). */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Catalog } from '../../ports/catalog/catalog.ts'
import type { ExportSessionRecord } from '../../ports/catalog/export-session.ts'
import { aBackup, aProject, at, aVault } from './samples.ts'

const ALL = { limit: 1000, offset: 0 }

export function exportSessionTests(catalog: () => Catalog): void {
  test('export sessions: by project, by backup, by who holds them; renewed, and removed once', async () => {
    const vault = aVault(aProject())
    const [backup, other] = [aBackup(vault), aBackup(vault)]
    const [holder, elsewhere, project] = [randomUUID(), randomUUID(), aProject()]
    const old = aSession({ projectId: project, backupId: backup.id, heldBy: holder })
    const young = aSession({
      projectId: project,
      backupId: other.id,
      heldBy: elsewhere,
      createdAt: at(2),
      overlay: true,
    })
    await catalog().change(async ({ vaults, backups, exportSessions }) => {
      await vaults.insert(vault)
      await backups.insert([backup, other])
      for (const session of [young, old]) await exportSessions.insert(session)
      assert.deepEqual(await exportSessions.find(project, young.id), young)
      assert.equal(await exportSessions.find(aProject(), young.id), undefined)
      assert.deepEqual(await exportSessions.list(project, {}, ALL), { rows: [young, old], total: 2 })
      assert.deepEqual((await exportSessions.list(project, { backupId: backup.id }, ALL)).rows, [old])
      assert.deepEqual((await exportSessions.list(project, {}, { ...ALL, after: young.id })).rows, [old])
      await exportSessions.renew(holder, at(90))
      assert.deepEqual(await exportSessions.open(holder), [{ ...old, heldUntil: at(90) }])
      const ours = (await exportSessions.open()).filter(({ projectId }) => projectId === project)
      assert.deepEqual(ours, [{ ...old, heldUntil: at(90) }, young])
    })
    await assert.rejects(
      catalog().change(({ backups }) => backups.remove([backup.id])),
      'a session refers to it',
    )
    await catalog().change(async ({ backups, exportSessions }) => {
      assert.equal(await exportSessions.remove(old.id), true)
      assert.equal(await exportSessions.remove(old.id), false)
      assert.equal(await exportSessions.remove(young.id), true)
      await backups.remove([backup.id, other.id])
    })
  })
}

const aSession = (given: Partial<ExportSessionRecord>): ExportSessionRecord => ({
  id: randomUUID(),
  projectId: aProject(),
  userId: 'u',
  backupId: randomUUID(),
  listen: 'unix',
  overlay: false,
  sizeBytes: 2 ** 50,
  createdAt: at(1),
  expiresAt: at(1000),
  heldBy: 'h',
  heldUntil: at(60),
  ...given,
})
