import assert from 'node:assert/strict'
import test from 'node:test'
import { alice, bob, type Desk, openDesk, putVault, refused } from '../../../test/desk.ts'
import type { Tag } from '../../contract/operations.gen.ts'
import { batchCreateAndDeleteVaultTags } from './batch-create-and-delete-vault-tags.ts'
import { createVaultTags } from './create-vault-tags.ts'
import { deleteVaultTag } from './delete-vault-tag.ts'
import { showVaultProjectTag } from './show-vault-project-tag.ts'
import { showVaultTag } from './show-vault-tag.ts'

const pathTo = (vault_id: string, caller = alice) => ({ project_id: caller.projectId, vault_id })

const set = (desk: Desk, id: string, tag?: Tag, caller = alice) =>
  createVaultTags(desk.ports, caller, { path: pathTo(id, caller), query: {}, body: { ...(tag && { tag }) } })

const batch = (desk: Desk, id: string, action: 'create' | 'delete', tags?: readonly Tag[], caller = alice) =>
  batchCreateAndDeleteVaultTags(desk.ports, caller, {
    path: pathTo(id, caller),
    query: {},
    body: { action, ...(tags && { tags }) },
  })

const drop = (desk: Desk, id: string, key: string, caller = alice) =>
  deleteVaultTag(desk.ports, caller, { path: { ...pathTo(id, caller), key }, query: {}, body: undefined })

const tagsOf = async (desk: Desk, id: string, caller = alice) =>
  (await showVaultTag(desk.ports, caller, { path: pathTo(id, caller), query: {}, body: undefined })).tags

test('tags are set, overwritten, shown and deleted', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk)
  assert.equal(await set(desk, id, { key: ' key1 ', value: 'one' }), undefined)
  await set(desk, id, { key: 'key2' })
  await set(desk, id, { key: 'key1', value: 'two' })
  assert.deepEqual(await tagsOf(desk, id), [
    { key: 'key1', value: 'two' },
    { key: 'key2', value: '' },
  ])
  assert.equal(await drop(desk, id, 'key1'), undefined)
  assert.deepEqual(await tagsOf(desk, id), [{ key: 'key2', value: '' }])
  await refused('6601', drop(desk, id, 'key1'))
})

test('several at once, as a client changes them: all old ones go, all new ones come', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk)
  const old = [
    { key: 'foo', value: 'bar' },
    { key: 'key', value: 'value' },
  ]
  assert.equal(await batch(desk, id, 'create', old), undefined)
  assert.equal(await batch(desk, id, 'delete', [...old, { key: 'missing' }]), undefined)
  assert.deepEqual(await tagsOf(desk, id), [])
  await batch(desk, id, 'create', [{ key: 'foo', value: 'new' }])
  await batch(desk, id, 'create', [])
  assert.deepEqual(await tagsOf(desk, id), [{ key: 'foo', value: 'new' }])
})

test('the vault comes first, then the body, then the status, then the limit', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk)
  const missing = crypto.randomUUID()
  await refused('6105', set(desk, id, undefined, bob))
  await refused('6105', batch(desk, missing, 'create'))
  await refused('6105', drop(desk, missing, 'k'))
  await refused('6105', tagsOf(desk, missing))
  await refused('6105', tagsOf(desk, 'vault-1'))
  await refused('9900', set(desk, id))
  await refused('9900', set(desk, id, { key: 'a=b' }))
  await refused('9900', batch(desk, id, 'create'))
  await refused('9900', batch(desk, id, 'create', [{ key: 'a' }, { key: 'a' }]))
  const sys_tags = [{ key: '_sys_enterprise_project_id', value: '0' }]
  await refused(
    '9900',
    batchCreateAndDeleteVaultTags(desk.ports, alice, {
      path: pathTo(id),
      query: {},
      body: { action: 'create', sys_tags },
    }),
  )
  await set(desk, id, { key: 'kept' })
  await desk.catalog.change(({ vaults }) => vaults.update(id, { status: 'deleting' }))
  await refused('6112', set(desk, id, { key: 'a' }))
  await refused('6112', batch(desk, id, 'delete', [{ key: 'kept' }]))
  await refused('6112', drop(desk, id, 'kept'))
  await refused('6601', drop(desk, id, 'other'))
  assert.equal((await tagsOf(desk, id))?.length, 1)
})

test('twenty tags and no more', async () => {
  await using desk = await openDesk()
  const { id } = await putVault(desk)
  const many = Array.from({ length: 18 }, (_, at) => ({ key: `k${at}` }))
  await batch(desk, id, 'create', many)
  await refused('6600', batch(desk, id, 'create', [{ key: 'a' }, { key: 'b' }, { key: 'c' }]))
  await batch(desk, id, 'create', [...many.slice(0, 5), { key: 'a' }, { key: 'b' }])
  assert.equal((await tagsOf(desk, id))?.length, 20)
})

test('the project’s tags: each key with every value in use', async () => {
  await using desk = await openDesk()
  const [one, two] = [await putVault(desk), await putVault(desk)]
  await batch(desk, one.id, 'create', [
    { key: 'string', value: 'string' },
    { key: 'a', value: 'b' },
  ])
  await batch(desk, two.id, 'create', [{ key: 'string' }, { key: 'a', value: 'b' }])
  const project = (caller = alice) =>
    showVaultProjectTag(desk.ports, caller, { path: { project_id: caller.projectId }, query: {}, body: undefined })
  assert.deepEqual(await project(), {
    tags: [
      { key: 'a', values: ['b'] },
      { key: 'string', values: ['', 'string'] },
    ],
  })
  assert.deepEqual(await project(bob), { tags: [] })
})
