/** The least that a policy needs. */
export const smallPolicy = { product: 'suite', term: { kind: 'term', period: 'P1Y' } };
