import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { accountRoutes } from './contract.ts'
import * as schema from './schema.ts'
import type { AccountService } from './service.ts'

export function accountOperations(accounts: AccountService): AnyOperation[] {
  return [
    operation({
      name: 'account:register',
      route: accountRoutes['account:register'],
      audience: 'public',
      door: 'http',
      status: 201,
      errors: ['conflict'],
      input: schema.register,
      output: schema.signedIn,
      handle: accounts.register,
    }),
    operation({ name: 'account:login', route: accountRoutes['account:login'], audience: 'public', door: 'http', errors: [], input: schema.login, output: schema.signedIn, handle: accounts.login }),
    operation({
      name: 'account:refresh',
      route: accountRoutes['account:refresh'],
      audience: 'public',
      door: 'http',
      errors: ['session-revoked'],
      input: schema.refreshToken,
      output: schema.tokenPair,
      handle: accounts.refresh,
    }),
    operation({
      name: 'account:logout',
      route: accountRoutes['account:logout'],
      audience: 'signed-in',
      door: 'http',
      errors: [],
      input: schema.refreshToken,
      output: schema.nothing,
      handle: accounts.logout,
    }),
    operation({ name: 'account:me', route: accountRoutes['account:me'], audience: 'signed-in', errors: [], input: schema.nothing, output: schema.me, handle: accounts.me }),
  ]
}
