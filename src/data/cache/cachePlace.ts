/** Where decoded images are kept between epochs. */
export type CachePlace = 'ram' | 'disk';
