/** `opencbr login`, `logout` and `project`: who is signed in, and for which project. */
import type { Command } from 'commander'
import { ClientFailure, UsageFailure } from '../client/failures.ts'
import { domainFrom, findSession, passwordFrom, placeFrom, projectFrom, sessionFrom } from '../client/find-session.ts'
import {
  type Account,
  authUrlOf,
  changeProject,
  endToken,
  ownProjects,
  type SignedIn,
  sessionOf,
  signIn,
} from '../client/keystone.ts'
import type { Project, Session } from '../client/session.ts'
import { forgetSession, keepSession, keptSession } from '../client/session-file.ts'
import { askFor, firstLine, isAsked } from './ask-for.ts'
import { oneOf } from './find.ts'
import { clean, detailed, listed, moment, type Shown, said } from './shown.ts'
import { noun, plainVerb } from './verb.ts'

interface LoginOptions {
  readonly authUrl?: string
  readonly user?: string
  readonly domain?: string
  readonly project?: string
}

const USUAL_URL = 'http://127.0.0.1:8799/identity/v3'

export function addLoginCommands(program: Command): void {
  plainVerb(program, 'login', 'sign in; the session is kept until it ends', login)
    .option('--auth-url <url>', `the identity service, or OpenCBR itself (OS_AUTH_URL, else ${USUAL_URL})`)
    .option('--user <name>', 'who signs in (OS_USERNAME)')
    .option('--domain <name>', "the user's domain (OS_USER_DOMAIN_NAME, else default)")
    .option('--project <name>', 'for which project, by name or id (OS_PROJECT_NAME); not needed where there is one')
    .addHelpText(
      'after',
      '\nThe password comes from OPENCBR_PASSWORD or OS_PASSWORD, from a prompt, or from what is piped in.',
    )
  plainVerb(program, 'logout', 'end the session', logout)
  const project = noun(program, 'project', 'the projects in which the user has a role')
  plainVerb(project, 'list', 'which there are; * is the one at work', async () => {
    const { authUrl, token, project: present } = await findSession(process.env)
    const columns = {
      '': ({ id }: Project) => (id === present.id ? '*' : ''),
      id: ({ id }: Project) => id,
      name: ({ name }: Project) => name,
    }
    return listed(await ownProjects(authUrl, token), columns)
  })
  plainVerb(project, 'use <project>', 'work in another project from now on', useProject)
}

async function login(options: LoginOptions): Promise<Shown> {
  const environment = process.env
  const account: Account = {
    authUrl: authUrlOf(options.authUrl ?? (environment.OS_AUTH_URL || USUAL_URL)),
    user: options.user ?? (environment.OS_USERNAME || (await question('User', '--user'))),
    domain: options.domain === undefined ? domainFrom(environment) : { name: options.domain },
    password: passwordFrom(environment) ?? (isAsked() ? await askFor('Password', { hidden: true }) : await firstLine()),
  }
  const signedIn = await signIn(account)
  const session = sessionOf(await inProject(signedIn, options.project), placeFrom(environment))
  const file = await keepSession(environment, session)
  return detailed(told(session), {
    user: `${session.user} of ${session.domain}`,
    project: `${session.project.name} ${session.project.id}`,
    service: session.url,
    until: moment(session.expiresAt),
    kept: file,
  })
}

/** Whoever reads the output learns no token from it. */
const told = ({ token: _, ...rest }: Session): object => rest

function question(what: string, option: string): Promise<string> {
  if (!isAsked()) throw new UsageFailure(`${option} is missing`)
  return askFor(what, { hidden: false })
}

/** The one that is named, or the only one there is. */
async function inProject(signedIn: SignedIn, name: string | undefined): Promise<SignedIn> {
  const { authUrl, token } = signedIn
  const named = projectFrom(process.env)
  if (name === undefined && named !== undefined) return changeProject(authUrl, token, named)
  const projects = await ownProjects(authUrl, token)
  const [only, ...others] = projects
  if (only === undefined)
    throw new ClientFailure('the user has a role in no project', { next: 'ask who administers it' })
  if (name === undefined && others.length > 0)
    throw new UsageFailure(`--project is missing; there are ${projects.map(project => project.name).join(', ')}`)
  return changeProject(authUrl, token, { id: name === undefined ? only.id : oneOf('project', name, projects).id })
}

async function logout(): Promise<Shown> {
  const session = await keptSession(process.env)
  await forgetSession(process.env)
  if (session === undefined) return said('nobody was signed in')
  try {
    await endToken(session)
  } catch (error) {
    if (!(error instanceof ClientFailure)) throw error
    return said(`signed out here; the token lives until ${session.expiresAt} (${clean(error.message)})`)
  }
  return said('signed out')
}

async function useProject(given: string): Promise<Shown> {
  if ((await sessionFrom(process.env)) !== undefined)
    throw new UsageFailure('the environment says which project it is', { next: 'change OS_PROJECT_NAME' })
  const { authUrl, token, url } = await findSession(process.env)
  const { id } = oneOf('project', given, await ownProjects(authUrl, token))
  const session = sessionOf(await changeProject(authUrl, token, { id }), { url })
  await keepSession(process.env, session)
  return said(`at work in the project ${clean(session.project.name)} ${session.project.id}`, told(session))
}
