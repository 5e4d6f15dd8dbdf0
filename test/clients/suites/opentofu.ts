/** OpenTofu as a recipient's: from an accepted share to disks and back, with a password and with a token. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { byPassword, byToken, openTofu, type SignIn, type Tofu } from '../opentofu.ts'
import { tokenOf } from '../sign-in.ts'
import { alice, bob, inventory, type Stage, setStage } from '../stage.ts'
import { until } from '../until.ts'
import { openVendorSdk } from '../vendor-sdk.ts'

const BILLING = { object_type: 'server', protect_type: 'backup', size: 100, consistent_level: 'crash_consistent' }
const BOOT = 'openstack_blockstorage_volume_v3.boot'
const ROOT = 'openstack_blockstorage_volume_v3.disk["web-root"]'
const DATA = 'openstack_blockstorage_volume_v3.disk["web-data"]'
const IMAGE = 'openstack_images_image_v2.whole'

test('OpenTofu: disks and an image of a share are planned, made, changed, imported and destroyed', async t => {
  await using stage = await setStage('opentofu', shareAndRegister)
  const tofu = await openTofu(stage)
  const signIn = byPassword(stage, bob)
  await t.test('the image that is there is imported', () => importImage(stage, tofu, signIn))
  await t.test('what is planned is made, and a second plan is empty', () => make(stage, tofu, signIn))
  await t.test('a change is made in place', () => change(tofu, signIn))
  await t.test('volumes are imported as what they are', () => importVolumes(tofu, signIn))
  await t.test('with a token: an empty plan, and everything is destroyed', () => destroy(stage, tofu))
})

/** alice's server is backed up and shared; bob accepts, and registers a whole image. Neither has a resource in OpenTofu. */
async function shareAndRegister(stage: Stage): Promise<void> {
  await using owner = await openVendorSdk(stage, alice)
  await using recipient = await openVendorSdk(stage, bob)
  const resources = [{ id: inventory.server, type: 'OS::Nova::Server' }]
  const servers = await owner.call('CreateVault', { body: { vault: { name: 'servers', billing: BILLING, resources } } })
  const taken = await owner.call('CreateCheckpoint', { body: { checkpoint: { vault_id: servers.vault.id } } })
  const { backups } = await until(
    () => owner.call('ListBackups', { checkpoint_id: taken.checkpoint.id, status: 'available' }),
    answer => answer.count === 1,
  )
  const backup_id: string = backups[0].id
  await owner.call('AddMember', { backup_id, body: { members: [bob.projectId] } })
  const wanted = { name: 'received', billing: BILLING, resources: [] }
  const { vault } = await recipient.call('CreateVault', { body: { vault: wanted } })
  const accepted = { status: 'accepted', vault_id: vault.id }
  await recipient.call('UpdateMemberStatus', { backup_id, member_id: bob.projectId, body: accepted })
  const image = { name: 'received', backup_id, whole_image_type: 'CBR' }
  const response = await fetch(`${stage.url}/image/v1/cloudimages/wholeimages/action`, {
    method: 'POST',
    headers: { 'x-auth-token': await tokenOf(stage, bob) },
    body: JSON.stringify(image),
  })
  assert.equal(response.status, 200, await response.text())
  await until(
    () => imageId(stage),
    id => id !== undefined,
  )
}

/** Of the image that can be used by now. */
async function imageId(stage: Stage): Promise<string | undefined> {
  const headers = { 'x-auth-token': await tokenOf(stage, bob) }
  const response = await fetch(`${stage.url}/image/v2/images?name=received&status=active`, { headers })
  const { images } = (await response.json()) as { readonly images: readonly { readonly id: string }[] }
  return images[0]?.id
}

async function importImage(stage: Stage, tofu: Tofu, signIn: SignIn): Promise<void> {
  await tofu.run(signIn, 'import', '-input=false', IMAGE, (await imageId(stage)) ?? '')
}

async function make(stage: Stage, tofu: Tofu, signIn: SignIn): Promise<void> {
  const planned = [`create ${BOOT}`, `create ${DATA}`, `create ${ROOT}`, `update ${IMAGE}`]
  assert.deepEqual(await tofu.plan(signIn), planned)
  await tofu.run(signIn, 'apply', 'plan')
  assert.deepEqual(await tofu.plan(signIn), [])
  const { disks, boot, ...others } = await tofu.outputs()
  assert.deepEqual(others, { vault: 'received', project: bob.project, vault_of_backup: true })
  for (const [id, source] of [
    [disks['web-root'], 'web-root'],
    [disks['web-data'], 'web-data'],
    [boot, 'web-root'],
  ]) {
    const original = await readFile(join(stage.folder, `${source}.raw`))
    const volume = await readFile(join(stage.folder, 'data', 'disks', `${id}.raw`))
    assert.ok(volume.subarray(0, original.length).equals(original), source)
  }
}

async function change(tofu: Tofu, signIn: SignIn): Promise<void> {
  const moved = [`update ${BOOT}`, `update ${DATA}`, `update ${ROOT}`, `update ${IMAGE}`]
  assert.deepEqual(await tofu.plan(signIn, '-var=label=moved'), moved)
  const before = await tofu.outputs()
  await tofu.run(signIn, 'apply', 'plan')
  assert.deepEqual(await tofu.plan(signIn, '-var=label=moved'), [])
  assert.deepEqual(await tofu.outputs(), before)
}

async function importVolumes(tofu: Tofu, signIn: SignIn): Promise<void> {
  const { disks, boot } = await tofu.outputs()
  for (const [address, id] of [
    [BOOT, boot],
    [ROOT, disks['web-root']],
  ]) {
    await tofu.run(signIn, 'state', 'rm', address)
    await tofu.run(signIn, 'import', '-input=false', '-var=label=moved', address, id)
  }
  assert.deepEqual(await tofu.plan(signIn, '-var=label=moved'), [])
}

async function destroy(stage: Stage, tofu: Tofu): Promise<void> {
  const signIn = byToken(stage, bob, await tokenOf(stage, bob))
  assert.deepEqual(await tofu.plan(signIn, '-var=label=moved'), [])
  await tofu.run(signIn, 'destroy', '-auto-approve', '-input=false', '-var=label=moved')
  assert.equal(await imageId(stage), undefined)
  const { calls } = stage
  const deleted = calls.filter(({ operation, status }) => operation === 'DeleteVolume' && status === 202)
  assert.equal(deleted.length, 3)
}
