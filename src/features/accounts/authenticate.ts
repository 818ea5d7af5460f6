import type { Request } from 'express'
import passport from 'passport'
import { ExtractJwt, Strategy, type VerifiedCallback } from 'passport-jwt'
import type { Actor } from '../../kernel/context.ts'
import { AppError, ensure } from '../../kernel/errors.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { AccessTokens } from './tokens.ts'

const fromHeader = ExtractJwt.fromAuthHeaderAsBearerToken()

/**
 * HTTP's side of signing in. passport-jwt finds the token and checks signature, algorithm, issuer and audience; it would let pass tokens
 * without an expiry or of another type, so what it accepts goes through the same verifier that the socket handshake uses.
 */
export function createAuthenticate({ gatekeeper, tokens }: { gatekeeper: Gatekeeper; tokens: AccessTokens }): (request: Request) => Promise<Actor> {
  const authenticator = new passport.Passport()
  const verify = (request: Request, _claims: unknown, done: VerifiedCallback): void => {
    gatekeeper.actorOf(fromHeader(request)).then(
      ({ actor }) => done(null, actor),
      (error: unknown) => done(error, false),
    )
  }
  for (const [index, key] of tokens.signingKeys.entries())
    authenticator.use(
      `jwt-${index}`,
      new Strategy(
        // Handed on as it is; only the types are older than key objects.
        { jwtFromRequest: fromHeader, secretOrKeyProvider: (_request, _token, done) => done(null, key as unknown as Buffer), algorithms: [tokens.algorithm], issuer: tokens.issuer, audience: tokens.audience, ignoreExpiration: true, passReqToCallback: true },
        verify,
      ),
    )
  const strategies = tokens.signingKeys.map((_key, index) => `jwt-${index}`)

  return async (request) => {
    ensure(countHeaders(request, 'authorization') <= 1, 'validation', 'More than one Authorization header')
    if (request.headers.authorization === undefined) return { kind: 'anonymous' }
    return new Promise<Actor>((resolve, reject) => {
      const decide = (error: unknown, actor: Actor | false): void => {
        if (error) reject(error as Error)
        else if (actor) resolve(actor)
        else reject(new AppError('unauthenticated'))
      }
      ;(authenticator.authenticate(strategies, { session: false }, decide) as (request: Request, response: unknown, next: (error?: unknown) => void) => void)(request, {}, (error) =>
        reject(error as Error),
      )
    })
  }
}

function countHeaders(request: Request, name: string): number {
  return request.rawHeaders.filter((each, index) => index % 2 === 0 && each.toLowerCase() === name).length
}
