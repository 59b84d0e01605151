declare const brand: unique symbol;

/** A `T` that was validated once, at the edge, as a `Name`; inside, no raw text is passed around. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
