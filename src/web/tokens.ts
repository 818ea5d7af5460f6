import type { TokenPair } from '../features/accounts/contract.ts'

const kept = 'ovation.tokens'

// For this tab only: a token in localStorage would outlive the visit and be shared with every tab.
export function readTokens(): TokenPair | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(kept) ?? 'null') ?? undefined
  } catch {
    return undefined
  }
}

export function keepTokens(tokens: TokenPair | undefined): void {
  if (tokens) sessionStorage.setItem(kept, JSON.stringify(tokens))
  else sessionStorage.removeItem(kept)
}
