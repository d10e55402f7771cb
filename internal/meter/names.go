package meter

import (
	"slices"
	"strings"
	"sync"
)

// ZoneNames lists the time zones that people choose from: UTC, and every name
// of the embedded database that begins with a part of the world. LoadZone also
// takes the older names beside them.
func ZoneNames() []string { return slices.Clone(listedZones()) }

// listedZones is read once: the database is part of the binary.
var listedZones = sync.OnceValue(func() []string {
	archive, err := database()
	if err != nil {
		panic("meter: the embedded time zones cannot be read: " + err.Error()) // the build is broken
	}
	names := []string{"UTC"}
	for _, f := range archive.File {
		area, place, _ := strings.Cut(f.Name, "/")
		if slices.Contains(areas, area) && place != "" && !strings.HasSuffix(place, "/") {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names[1:])
	return names
})

// areas are the parts of the world by which the database orders places.
var areas = []string{"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
