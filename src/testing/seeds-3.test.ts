import { demandSeeds } from './seeds.ts';

demandSeeds(101, 150);
