// Needs OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME, PROJECT_ALPHA.
/** The command line in a private cloud: signed in at its Keystone, which says in its catalog where OpenCBR is. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { stringify } from 'yaml'
import { startService } from '../../test/clients/service.ts'
import { fails, json } from '../../test/command-line.ts'

/** A Keystone with a user `alice`, a member of the project `alpha`, with the service's password. */
const given = (name: string): string => process.env[name] ?? assert.fail(`${name} is not given`)
const authUrl = given('OS_AUTH_URL')
const password = given('OS_PASSWORD')
const alpha = given('PROJECT_ALPHA')

test('a user of a Keystone signs in, and works at the service that trusts it', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'opencbr-keystone-'))
  t.after(() => rm(folder, { recursive: true }))
  const keystone = {
    authUrl,
    user: given('OS_USERNAME'),
    password,
    project: given('OS_PROJECT_NAME'),
    domain: 'Default',
  }
  await writeFile(join(folder, 'opencbr.yaml'), stringify({ dataDir: 'data', identity: { keystone } }))
  await using service = await startService(undefined, folder)

  const home = { XDG_CONFIG_HOME: folder }
  const person = {
    ...home,
    OS_AUTH_URL: authUrl,
    OS_USERNAME: 'alice',
    OS_USER_DOMAIN_ID: 'default',
  }
  const signedIn = await json({ ...person, OS_PASSWORD: password }, 'login')
  assert.deepEqual(signedIn.project, { id: alpha, name: 'alpha' })
  assert.match(signedIn.url, /^http:\/\/127\.0\.0\.1:\d+$/, 'as the catalog has it')

  await json({ ...person, OS_PASSWORD: password, OPENCBR_URL: service.url }, 'login')
  const [project] = await json(home, 'project', 'list')
  assert.deepEqual(project, { id: alpha, name: 'alpha' })
  assert.deepEqual(await json(home, 'vault', 'list'), [])
  await json(home, 'project', 'use', 'alpha')
  assert.deepEqual(await json(home, 'vault', 'list'), [])
  await fails(person, ['backup', 'show', crypto.randomUUID()], 1, /BackupService\.6200/)
  await json(home, 'logout')
  await fails(home, ['vault', 'list'], 1, /nobody is signed in/)
  await fails({ ...person, OS_PASSWORD: 'wrong', OS_PROJECT_NAME: 'alpha' }, ['vault', 'list'], 1, /is not right/)
})
