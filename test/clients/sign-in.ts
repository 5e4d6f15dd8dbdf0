import assert from 'node:assert/strict'
import type { Service } from './service.ts'
import { type Account, DOMAIN } from './stage.ts'

/** A token for the account's project, of its password. */
export async function tokenOf({ url }: Service, { user, password, project }: Account): Promise<string> {
  const domain = { name: DOMAIN }
  const identity = { methods: ['password'], password: { user: { name: user, domain, password } } }
  const response = await fetch(`${url}/identity/v3/auth/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth: { identity, scope: { project: { name: project, domain } } } }),
  })
  return response.headers.get('x-subject-token') ?? assert.fail(`no token: ${response.status}`)
}
