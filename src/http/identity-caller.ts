import type { FastifyRequest } from 'fastify'
import type { Grant, IdentityService } from '../ports/identity-service.ts'
import { headerOf, signedRequest } from './identify.ts'
import { unauthorised } from './identity-refusal.ts'

/** Who asks the identity service something: by token, or by the signature of an access key. 401 otherwise. */
export async function grantOfCaller(service: IdentityService, request: FastifyRequest): Promise<Grant> {
  const token = headerOf(request, 'x-auth-token')
  if (token) return (await service.grantOfToken(token)) ?? unauthorised()
  const signed = signedRequest(request)
  return (signed && (await service.grantOfSignature(signed))) ?? unauthorised()
}
