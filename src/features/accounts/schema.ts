import Joi from 'joi'
import type { Role } from '../../kernel/context.ts'
import { email, id, instant, name, nothing, opaque, password } from '../../kernel/schema.ts'
import type { Register, SignedIn, TokenPair, User } from './contract.ts'

export const user = Joi.object<User, true>({
  id: id.required(),
  email: email.required(),
  full_name: Joi.string().required(),
  role: Joi.string<Role>().valid('fan', 'creator', 'admin').required(),
  created_at: instant.required(),
})

export const register = Joi.object<Register, true>({
  email: email.required(),
  password: password.required(),
  full_name: name(100).required(),
  // Nobody makes himself an admin.
  role: Joi.string<'fan' | 'creator'>().valid('fan', 'creator').required(),
})

// A sign-in takes any text as a password: what the rules are today says nothing of an old account.
export const login = Joi.object<{ email: string; password: string }, true>({ email: Joi.string().min(1).max(254).required(), password: Joi.string().min(1).max(128).required() })
export const refreshToken = Joi.object<{ refresh_token: string }, true>({ refresh_token: opaque.required() })

export const tokenPair = Joi.object<TokenPair, true>({ access_token: opaque.required(), refresh_token: opaque.required() })
export const signedIn = Joi.object<SignedIn, true>({ access_token: opaque.required(), refresh_token: opaque.required(), user: user.required() })
export const me = Joi.object<{ user: User }, true>({ user: user.required() })
export { nothing }
