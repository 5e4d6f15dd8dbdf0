/** `openstack cbr` and the program behind it, signed in with a person's password. */

import { attempt, type Outcome, run } from './programs.ts'
import { type Bridge, openBridge } from './python-bridge.ts'
import { type Account, DOMAIN, REGION, type Stage } from './stage.ts'
import { pythonBinary } from './tools.ts'

const settingsOf = (stage: Stage, { user, password, project }: Account) => ({
  auth_url: `${stage.url}/identity/v3`,
  username: user,
  password,
  project_name: project,
  user_domain_name: DOMAIN,
  project_domain_name: DOMAIN,
  region_name: REGION,
})

export interface CommandLine {
  /** What `openstack cbr WORDS -f json` printed. */
  show(...words: readonly string[]): Promise<Answer>
  /** A command that prints nothing. */
  do(...words: readonly string[]): Promise<void>
  attempt(...words: readonly string[]): Promise<Outcome>
}

// biome-ignore lint/suspicious/noExplicitAny: what a dozen commands print; each use says what it reads
type Answer = any

export function commandLine(stage: Stage, account: Account): CommandLine {
  const program = pythonBinary('openstack', 'openstack')
  const environment = Object.fromEntries(
    Object.entries({ ...settingsOf(stage, account), identity_api_version: '3' }).map(([key, value]) => [
      `OS_${key.toUpperCase()}`,
      value,
    ]),
  )
  const asked = (words: readonly string[]) => ({ words: ['cbr', ...words], environment, cwd: stage.folder })
  return {
    show: async (...words) => JSON.parse(await run(program, asked([...words, '-f', 'json']))),
    do: async (...words) => {
      await run(program, asked(words))
    },
    attempt: (...words) => attempt(program, asked(words)),
  }
}

/** Methods of `connection.cbr`; `wanted` holds the positional words as `words`, the rest by name. */
const PROGRAM = `
import openstack
from openstack import exceptions
from openstack.resource import Resource
from otcextensions import sdk
connection = openstack.connect(**settings)
sdk.register_otc_extensions(connection)

def plain(value):
    if isinstance(value, Resource):
        return value.to_dict(computed=False)
    if hasattr(value, '__next__') or isinstance(value, list):
        return [plain(each) for each in value]
    return value

def call(name, wanted):
    return plain(getattr(connection.cbr, name)(*wanted.pop('words', []), **wanted))

def refusal(error):
    if isinstance(error, exceptions.HttpException):
        response = error.response
        sent = response.request if response is not None else None
        said = f'{sent.method} {sent.url} {sent.body}: {response.text}' if sent is not None else str(error)
        return {'status': error.status_code or 404, 'code': '', 'message': said}
`

export const openOpenstackSdk = (stage: Stage, account: Account): Promise<Bridge> =>
  openBridge({
    python: pythonBinary('openstack', 'python'),
    program: PROGRAM,
    settings: settingsOf(stage, account),
    folder: stage.folder,
  })
