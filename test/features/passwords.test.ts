import { expect } from 'chai'
import { createPasswords } from '../../src/features/accounts/passwords.ts'

describe('a password', () => {
  it('is kept as a hash that costs what OWASP asks for, unless somebody says otherwise', async () => {
    const passwords = createPasswords()
    const hash = await passwords.hash('correct horse battery staple')
    expect(hash).to.match(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/)
    expect([await passwords.verify(hash, 'correct horse battery staple'), await passwords.verify(hash, 'another'), await passwords.verify(undefined, 'another')]).to.deep.equal([true, false, false])
  })
})
