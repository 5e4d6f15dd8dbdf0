/** Whose command it is: the environment's, as OpenStack's clients read it, or else that of `opencbr login`. */
import { ClientFailure } from './failures.ts'
import { authUrlOf, changeProject, lookAt, type Place, type ProjectName, sessionOf, signIn } from './keystone.ts'
import type { Session } from './session.ts'
import { type Environment, keptSession } from './session-file.ts'

const LOG_IN =
  'sign in: opencbr login; or set OS_AUTH_URL and OS_TOKEN, or OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME'

export async function findSession(environment: Environment): Promise<Session> {
  return (await sessionFrom(environment)) ?? (await living(environment))
}

export const placeFrom = ({ OPENCBR_URL, OS_REGION_NAME }: Environment): Place => ({
  url: OPENCBR_URL || undefined,
  region: OS_REGION_NAME || undefined,
})

/** Where no domain is given, the one that Keystone and OpenCBR make by themselves. */
export function domainFrom({ OS_USER_DOMAIN_ID, OS_USER_DOMAIN_NAME, OS_DOMAIN_NAME }: Environment) {
  return OS_USER_DOMAIN_ID ? { id: OS_USER_DOMAIN_ID } : { name: OS_USER_DOMAIN_NAME || OS_DOMAIN_NAME || 'default' }
}

export function projectFrom(environment: Environment): ProjectName | undefined {
  const { OS_PROJECT_ID, OS_PROJECT_NAME, OS_PROJECT_DOMAIN_ID, OS_PROJECT_DOMAIN_NAME } = environment
  if (OS_PROJECT_ID) return { id: OS_PROJECT_ID }
  if (!OS_PROJECT_NAME) return undefined
  const own = OS_PROJECT_DOMAIN_NAME ? { name: OS_PROJECT_DOMAIN_NAME } : domainFrom(environment)
  return { name: OS_PROJECT_NAME, domain: OS_PROJECT_DOMAIN_ID ? { id: OS_PROJECT_DOMAIN_ID } : own }
}

export const passwordFrom = ({ OPENCBR_PASSWORD, OS_PASSWORD }: Environment): string | undefined =>
  OPENCBR_PASSWORD || OS_PASSWORD || undefined

/** Undefined where the environment does not say enough. */
export async function sessionFrom(environment: Environment): Promise<Session | undefined> {
  const { OS_AUTH_URL, OS_TOKEN, OS_USERNAME } = environment
  if (!OS_AUTH_URL) return undefined
  const authUrl = authUrlOf(OS_AUTH_URL)
  const [project, password] = [projectFrom(environment), passwordFrom(environment)]
  if (OS_TOKEN) {
    const seen = await lookAt(authUrl, OS_TOKEN)
    const scoped = seen.body.project || !project ? seen : await changeProject(authUrl, OS_TOKEN, project)
    return sessionOf(scoped, placeFrom(environment))
  }
  if (!OS_USERNAME || password === undefined || project === undefined) return undefined
  const account = { authUrl, user: OS_USERNAME, domain: domainFrom(environment), password }
  return sessionOf(await signIn(account, project), placeFrom(environment))
}

async function living(environment: Environment): Promise<Session> {
  const session = await keptSession(environment)
  if (session === undefined) throw new ClientFailure('nobody is signed in', { next: LOG_IN })
  if (new Date(session.expiresAt) > new Date()) return session
  throw new ClientFailure(`the session of ${session.user} ended at ${session.expiresAt}`, { next: LOG_IN })
}
