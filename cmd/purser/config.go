package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// profile is one server that somebody signed in to. Token is a secret.
type profile struct {
	Server  string `json:"server"`
	Token   string `json:"token,omitempty"`
	Mode    string `json:"mode,omitempty"`
	Company string `json:"company,omitempty"`
	// Wallet is the program that signs payments, and its arguments.
	Wallet string `json:"wallet,omitempty"`
}

// configFile is what the program keeps between calls, readable by its owner
// only: the sign-ins, by the names of profiles, and which one is usual.
type configFile struct {
	path     string
	Usual    string             `json:"default,omitempty"`
	Profiles map[string]profile `json:"profiles"`
}

// usualProfile is the name where none is said.
const usualProfile = "default"

// configDir is the system's place for settings of the user, unless
// PURSER_CONFIG_DIR names another.
func configDir(getenv func(string) string) (string, error) {
	if dir := getenv("PURSER_CONFIG_DIR"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "purser"), err
}

func readConfig(getenv func(string) string) (*configFile, error) {
	dir, err := configDir(getenv)
	if err != nil {
		return nil, fmt.Errorf("there is no place for settings: %w; set PURSER_CONFIG_DIR", err)
	}
	c := &configFile{path: filepath.Join(dir, "config.json"), Profiles: map[string]profile{}}
	text, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", c.path, err)
	}
	if c.Profiles == nil {
		c.Profiles = map[string]profile{}
	}
	return c, nil
}

// choose gives a profile by its name, or the usual one, which may be empty.
func (c *configFile) choose(name string) (profile, error) {
	if name == "" {
		return c.Profiles[first(c.Usual, usualProfile)], nil
	}
	p, ok := c.Profiles[name]
	if !ok {
		return profile{Mode: name0(name)}, nil
	}
	return p, nil
}

// name0 lets the profiles live and test be used before they were signed in to:
// they mean the mode.
func name0(name string) string {
	if name == "live" || name == "test" {
		return name
	}
	return ""
}

// write replaces the file as a whole, so that no reader sees half of it.
func (c *configFile) write() error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(c.path, append(text, '\n'))
}
